# SPDX-License-Identifier: Apache-2.0
"""Annotations, detections, class names and settings that break a rule of their format, one each: (name, bytes)."""

import json

IMAGE = {"id": 1, "file_name": "a.png"}
CATEGORY = {"id": 1, "name": "open"}
OBJECT = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}
FOUND = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}


def truth(images=(IMAGE,), categories=(CATEGORY,), annotations=(OBJECT,)):
    lists = {"images": images, "categories": categories, "annotations": annotations}
    return json.dumps({key: entries for key, entries in lists.items() if entries is not None}).encode()


def without(entry, *keys):
    return {key: value for key, value in entry.items() if key not in keys}


def any_json():
    """What may be wrong with any JSON file."""
    yield "empty", b""
    yield "spaces_only", b"  \n\t"
    yield "no_json", b"images: none"
    yield "cut_off", b'{"images": [{"id": 1'
    yield "text_without_end", b'{"images": "'
    yield "comma_too_many", b'{"images": [1,]}'
    yield "two_documents", b"{} {}"
    yield "utf_16", '{"images": []}'.encode("utf-16")
    yield "latin_1", '{"images": "Lötstelle"}'.encode("latin-1")
    yield "gzip", b"\x1f\x8b\x08\0" + bytes(20)
    yield "not_a_number", b'{"images": NaN}'
    yield "number_beyond_double", b'{"images": 1e999}'
    yield "lists_nested_100000", b'{"images": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    yield "objects_nested_100", b'{"images": ' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"}"
    yield "lists_nested_without_end", b"[" * 1000
    yield "a_number", b"7"
    yield "surrogate_alone", b'{"images": "\\ud800"}'
    yield "control_in_text", b'{"images": "a\nb"}'


def annotations():
    yield from any_json()
    yield "a_list", b"[]"
    for key in "images", "categories", "annotations":
        yield f"no_{key}", truth(**{key: None})
        yield f"{key}_no_list", truth(**{key: {"id": 1}})
        yield f"{key}_of_numbers", truth(**{key: [7]})
    yield "image_without_id", truth(images=[without(IMAGE, "id")])
    yield "image_id_of_text", truth(images=[IMAGE | {"id": "1"}])
    yield "image_id_fraction", truth(images=[IMAGE | {"id": 1.5}])
    yield "image_id_beyond_63_bits", truth(images=[IMAGE | {"id": 1 << 63}])
    yield "image_id_nested", truth(images=[IMAGE | {"id": [[[[1]]]]}])
    yield "image_twice", truth(images=[IMAGE, IMAGE])
    yield "category_twice", truth(categories=[CATEGORY, CATEGORY])
    yield "category_without_name", truth(categories=[without(CATEGORY, "name")])
    yield "annotation_twice", truth(annotations=[OBJECT, OBJECT])
    yield "annotation_without_box", truth(annotations=[without(OBJECT, "bbox")])
    yield "annotation_with_outline_only", truth(annotations=[without(OBJECT, "bbox") | {"segmentation": []}])
    yield "box_of_three", truth(annotations=[OBJECT | {"bbox": [1, 2, 3]}])
    yield "box_of_text", truth(annotations=[OBJECT | {"bbox": ["1", 2, 3, 4]}])
    yield "box_negative", truth(annotations=[OBJECT | {"bbox": [1, 2, -3, 4]}])
    yield "box_beyond_any_picture", truth(annotations=[OBJECT | {"bbox": [1e300, 2, 3, 4]}])
    yield "area_negative", truth(annotations=[OBJECT | {"area": -1}])
    yield "iscrowd_2", truth(annotations=[OBJECT | {"iscrowd": 2}])
    yield "nothing_fits", truth(annotations=[OBJECT | {"image_id": 9}])


def detections():
    yield from any_json()
    yield "an_object", b"{}"
    yield "entry_is_a_number", b"[7]"
    for key in FOUND:
        yield f"no_{key}", json.dumps([without(FOUND, key)]).encode()
    yield "score_of_text", json.dumps([FOUND | {"score": "0.5"}]).encode()
    yield "image_unknown", json.dumps([FOUND | {"image_id": 9}]).encode()
    yield "categories_unknown", json.dumps([FOUND | {"category_id": 9}]).encode()
    yield "box_with_null", json.dumps([FOUND | {"bbox": [1, None, 3, 4]}]).encode()


def labels():
    yield "empty", b""
    yield "empty_line_within", b"open\n\nshort\n"
    yield "utf_16", "open\nshort\n".encode("utf-16")
    yield "latin_1", "Lötstelle\n".encode("latin-1")
    yield "zero_byte", b"open\0short\n"
    yield "no_text", bytes(range(256))
    yield "name_twice", b"open\nopen\n"
    yield "lines_65537", b"\n" * 65537


def settings():
    good = {"image_mean": "0.5,0.5,0.5", "min_size": "320"}
    report = lambda **metadata: json.dumps({"metadata": good | metadata}).encode()
    yield "empty", b""
    yield "no_json", b"{metadata: 1}"
    yield "nested_deep", b'{"metadata": ' + b"[" * 100_000
    yield "no_metadata", b'{"other": {}}'
    yield "metadata_is_a_list", b'{"metadata": ["min_size"]}'
    yield "min_size_no_number", report(min_size="many")
    yield "min_size_negative", report(min_size="-1")
    yield "min_size_huge", report(min_size="99999999999999999999")
    yield "mean_of_two", report(image_mean="0.5,0.5")
    yield "mean_not_a_number", report(image_mean="nan,0.5,0.5")
    yield "std_zero", report(image_std="0,0,0")
    yield "sizes_empty", report(anchor_sizes="")


ALL = {"annotations": annotations, "detections": detections, "labels": labels, "settings": settings}


def sound():
    yield "annotations.json", truth()
    yield "detections.json", json.dumps([FOUND]).encode()
    yield "labels.txt", b"open\nshort\n\xc3\xb6\n"
    yield "settings.json", json.dumps({"metadata": {"min_size": "320", "image_mean": "0.5,0.5,0.5"}}).encode()
    yield "scores.json", json.dumps({"class_scores_version": 1, "others": 0.5, "scores": {"open": 0.25}}).encode()
    record = {"schema_version": 2, "file": "a.png", "width": 8, "height": 8, "model": {"name": "m", "sha256": "0"}, "min_score": 0.5,
              "detections": [{"label": "open", "label_id": 1, "score": 0.5, "box": [1, 2, 3, 4]}]}
    yield "records.jsonl", (json.dumps(record) + "\n").encode()
