# SPDX-License-Identifier: Apache-2.0
"""Pictures that break a rule of their format, one each: (name, bytes). `sound()` gives the small ones they are made of."""

import base64
import struct
import zlib

JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9//"
    "j/wAALCAAQABABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKB"
    "kaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpK"
    "Wmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AG42JjACMOw2g8Y4HUjnkU5vlG0rkdQuMZ5/"
    "ujkjjgk0inaN4yFY5JHy+p6nkn6daD8q7AVAIBxjAx06feI61//Z")
PROGRESSIVE = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9//"
    "j/wgALCAAQABABAREA/8QAFQABAQAAAAAAAAAAAAAAAAAAAQD/2gAIAQEAAAABEv/EABQQAQAAAAAAAAAAAAAAAAAAACD/2gAIAQEAAQUCH//EABQQAQAA"
    "AAAAAAAAAAAAAAAAACD/2gAIAQEABj8CH//EAB4QAAEEAQUAAAAAAAAAAAAAAAEAESGBMUFhoeHw/9oACAEBAAE/IcDY0jENXSEToaWA0e5X/9oACAEBAA"
    "AAED//xAAbEAEAAwEBAQEAAAAAAAAAAAABESExAHFBUf/aAAgBAQABPxCK4AvhBqKNS7OolI0hE3+LSqV5QjIkqenW183nCgQYiCMzRvf/2Q==")
WEBP = base64.b64decode(
    "UklGRoQAAABXRUJQVlA4IHgAAAAwAwCdASoQABAAB0CWJbAC7G1/dBejQQgGrsedGIKfdzIAAP0o1ycA/w2OGFndU8q1RcwIDFtu6Dkbb+XjVhnvStmY8W"
    "Y51eQGy81gztA0WRRzM+jkh7Ig6BTFvs5K9NgJ7Kq30GBY0QZCyugns0xVykZsARoAAAA=")
WEBP_LOSSLESS = base64.b64decode(
    "UklGRoIAAABXRUJQVlA4THYAAAAvD8ADAH8gEEhGyx9shgEa4PkvQgYAuwOY1dqe5BwCjAVBC7gFgAIaAEJAhQVYBiSDBlgCLAA/Zx0i+v+CBpgsWjh+MF"
    "+dAh0tviRsTGkYo8QhAkLOr2WIQRhaxkh/jVechfExHMrJUFKRgUhATv9BTECD1A4D")
WEBP_ANIMATED = base64.b64decode(
    "UklGRiwBAABXRUJQVlA4WAoAAAACAAAADwAADwAAQU5JTQYAAAAAAAAAAABBTk1GfAAAAAAAAAAAAA8AAA8AAAAAAAJWUDggZAAAAFABAJ0BKhAAEAAJAK"
    "wlsAAEdAAA9fyOv2JS2opb7YDWnO3zCAgh3oCExcvh4EF/ZY6ARrJIim+9xHefNEIdtVmg27MMN62iDAnEldg/daFhX9zuQ2NgegAW35QQA6fgACqDgABB"
    "Tk1GfAAAAAAAAAAAAA8AAA8AAAAAAABWUDggZAAAADQBAJ0BKhAAEAAAAKwlsAADcADGQJ0Yqr6WGa2EL/n5kFunpwwSBEorPi0VVNhpw3NvLAIhbf++Jq"
    "2DzwuCGJ1V52umpO7XmlYQKgpfPi0VVN3dCQU9AD3k61gAJdABozkAAAA=")
LZW = base64.b64decode(
    "gAAEpKN6UXLeBAtKR3TjBcwQGpaP6kZLuDA9MSHVjRewgIpqR60bIDFBNOSXXjhBYwKp6T7EdITHBdQSnZjxDZAMqKV7UfIjJBtSS3bgGFZQOqaX7kBwzLB"
    "9UTHdgWHZgQqqZ70DxDNCNWTXAImJZwSq6b4JFxTPCdYTnCI2LaAUrKd4ZHxjRCtaT3EJGNaQWraAgpJxzTC9cQMGJWPagYrqCg5LyDVDNeQcIJmRawar6E"
    "hJNyTXDdA4sKJ2TbAcofGhZPyjZDtC48MKGVbQeofIhpRyzbACE5MOKWXbgBQvKh5TzDdASG5cQKmZbwDQ/MiJVzTfAiI5sSK2bYFFRPOiZXzjBoyK58ULG"
    "dYVHRfQipZzzDpCM6MWLWgUESiA")


# PNG --------------------------------------------------------------------------------------------------------------------------

def chunk(kind, data=b"", crc=None, length=None):
    crc = zlib.crc32(kind + data) if crc is None else crc
    return struct.pack(">I", len(data) if length is None else length) + kind + data + struct.pack(">I", crc)


def ihdr(width=4, height=4, depth=8, colour=0, compression=0, filtering=0, interlace=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, compression, filtering, interlace))


SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = chunk(b"IEND")
ROWS = b"".join(b"\0" + bytes([40 * y + x for x in range(4)]) for y in range(4))


def idat(rows=ROWS):
    return chunk(b"IDAT", zlib.compress(rows, 9))


def png(*chunks):
    return SIGNATURE + b"".join(chunks)


def pngs():
    packed = zlib.compress(ROWS, 9)
    yield "signature_only", SIGNATURE
    yield "line_ends_converted", b"\x89PNG\n\x1a\n" + ihdr() + idat() + END
    yield "no_ihdr", png(idat(), END)
    yield "ihdr_too_short", png(chunk(b"IHDR", bytes(12)), idat(), END)
    yield "ihdr_wrong_crc", png(ihdr()[:-1] + b"\0", idat(), END)
    yield "ihdr_twice", png(ihdr(), ihdr(), idat(), END)
    yield "width_zero", png(ihdr(width=0), idat(), END)
    yield "height_zero", png(ihdr(height=0), idat(), END)
    yield "width_beyond_31_bits", png(ihdr(width=1 << 31), idat(), END)
    yield "more_pixels_than_the_limit", png(ihdr(1 << 20, 1 << 20), idat(), END)
    yield "too_short_for_its_size", png(ihdr(10000, 10000), idat(), END)
    for depth, colour in (3, 0), (32, 0), (16, 3), (4, 2), (8, 1), (8, 5), (8, 7):
        yield f"depth_{depth}_of_colour_type_{colour}", png(ihdr(depth=depth, colour=colour), idat(), END)
    yield "compression_method_1", png(ihdr(compression=1), idat(), END)
    yield "filter_method_1", png(ihdr(filtering=1), idat(), END)
    yield "interlace_method_2", png(ihdr(interlace=2), idat(), END)
    yield "no_idat", png(ihdr(), END)
    yield "idat_empty", png(ihdr(), chunk(b"IDAT"), END)
    yield "idat_wrong_crc", png(ihdr(), chunk(b"IDAT", packed, crc=1), END)
    yield "idat_no_zlib", png(ihdr(), chunk(b"IDAT", b"no zlib stream at all"), END)
    yield "idat_window_too_large", png(ihdr(), chunk(b"IDAT", b"\x88\x1c" + packed[2:]), END)
    yield "idat_a_row_short", png(ihdr(), idat(ROWS[:-5]), END)
    yield "idat_cut_in_stream", png(ihdr(), chunk(b"IDAT", packed[:-9]), END)
    yield "idat_longer_than_the_file", png(ihdr(), chunk(b"IDAT", packed, length=1 << 20))
    yield "chunk_length_beyond_31_bits", png(ihdr(), chunk(b"IDAT", packed, length=1 << 31))
    yield "chunk_name_no_letters", png(ihdr(), chunk(b"\1\2\3\4"), idat(), END)
    yield "critical_chunk_unknown", png(ihdr(), chunk(b"ABCD"), idat(), END)
    yield "filter_type_5", png(ihdr(), idat(b"\5" + ROWS[1:]), END)
    yield "no_iend", png(ihdr(), idat())
    yield "palette_missing", png(ihdr(colour=3), idat(), END)
    yield "palette_no_multiple_of_3", png(ihdr(colour=3), chunk(b"PLTE", bytes(4)), idat(), END)
    yield "palette_after_pixels", png(ihdr(colour=3), idat(), chunk(b"PLTE", bytes(6)), END)
    bomb = chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(7_000_000), 9))
    yield "texts_that_unfold_to_gigabytes", png(ihdr(), *[bomb] * 12, idat(), END)


# JPEG -------------------------------------------------------------------------------------------------------------------------

def segments(jpeg):
    """[(marker, content, what follows up to the next marker)]."""
    found, at = [], 2
    while at < len(jpeg):
        marker = jpeg[at + 1]
        if marker == 0xD9:
            break
        length = struct.unpack(">H", jpeg[at + 2:at + 4])[0]
        content, end = jpeg[at + 4:at + 2 + length], at + 2 + length
        start = end
        while marker == 0xDA and not (jpeg[end] == 0xFF and jpeg[end + 1] not in (0, *range(0xD0, 0xD8))):
            end += 1
        found.append((marker, content, jpeg[start:end]))
        at = end
    return found


def segment(marker, content, after=b""):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content + after


def jpeg(parts, end=b"\xff\xd9"):
    return b"\xff\xd8" + b"".join(segment(*part) for part in parts) + end


def changed(parts, marker, change):
    """With the content of one kind of segment changed, or gone."""
    new = [(m, change(c) if m == marker else c, a) for m, c, a in parts]
    return [part for part in new if part[1] is not None]


def patched(offset, value):
    return lambda content: content[:offset] + bytes([value]) + content[offset + 1:]


def jpegs():
    plain, scans = segments(JPEG), segments(PROGRESSIVE)
    frame, tables, huffman, scan = 0xC0, 0xDB, 0xC4, 0xDA
    yield "start_only", b"\xff\xd8\xff"
    yield "start_and_end", b"\xff\xd8\xff\xd9"
    yield "no_frame", jpeg(changed(plain, frame, lambda c: None))
    yield "two_frames", jpeg([p for part in plain for p in ([part, part] if part[0] == frame else [part])])
    yield "height_zero", jpeg(changed(plain, frame, lambda c: c[:1] + b"\0\0" + c[3:]))
    yield "width_zero", jpeg(changed(plain, frame, lambda c: c[:3] + b"\0\0" + c[5:]))
    yield "too_short_for_its_size", jpeg(changed(plain, frame, lambda c: c[:1] + b"\x3f\xff\x3f\xff" + c[5:]))
    yield "more_pixels_than_the_limit", jpeg(changed(plain, frame, lambda c: c[:1] + b"\xff\xdc\xff\xdc" + c[5:]))
    yield "precision_12", jpeg(changed(plain, frame, patched(0, 12)))
    yield "no_components", jpeg(changed(plain, frame, lambda c: patched(5, 0)(c)[:6]))
    yield "frame_cut_off", jpeg(changed(plain, frame, lambda c: c[:-2]))
    yield "sampling_factor_0", jpeg(changed(plain, frame, patched(7, 0)))
    yield "sampling_factor_5", jpeg(changed(plain, frame, patched(7, 0x55)))
    yield "quantisation_table_9", jpeg(changed(plain, tables, patched(0, 9)))
    yield "no_quantisation_table", jpeg(changed(plain, tables, lambda c: None))
    yield "no_huffman_tables", jpeg(changed(plain, huffman, lambda c: None))
    yield "huffman_more_than_256_codes", jpeg(changed(plain, huffman, lambda c: c[:1] + b"\xff" * 16 + c[17:]))
    yield "huffman_codes_overflow", jpeg(changed(plain, huffman, lambda c: c[:1] + b"\5" + c[2:]))
    yield "huffman_class_9", jpeg(changed(plain, huffman, patched(0, 0x90)))
    yield "scan_without_frame", jpeg([part for part in plain if part[0] == scan])
    yield "scan_of_unknown_component", jpeg(changed(plain, scan, patched(1, 77)))
    yield "scan_of_no_components", jpeg(changed(plain, scan, patched(0, 0)))
    yield "no_scan", jpeg(changed(plain, scan, lambda c: None))
    yield "scan_cut_off", jpeg([(m, c, a[:10]) for m, c, a in plain], end=b"")
    yield "scan_empty", jpeg([(m, c, b"") for m, c, a in plain])
    yield "no_end", jpeg(plain, end=b"")
    yield "segment_of_length_0", b"\xff\xd8\xff\xe0\0\0" + JPEG[20:]
    yield "segment_longer_than_the_file", b"\xff\xd8\xff\xe0\xff\xff" + JPEG[20:]
    yield "restart_in_wrong_order", jpeg([(0xDD, b"\0\1", b"")] + [(m, c, a[:9] + b"\xff\xd5" + a[9:]) for m, c, a in plain])
    yield "lossless", jpeg([(0xC3 if m == frame else m, c, a) for m, c, a in plain])
    yield "hierarchical", jpeg([(0xC5 if m == frame else m, c, a) for m, c, a in plain])
    yield "progressive_band_backwards", jpeg(changed(scans, scan, lambda c: c[:-3] + b"\x3f\x01" + c[-1:]))
    yield "progressive_bit_14", jpeg(changed(scans, scan, patched(5, 0xEE)))
    first = next(index for index, part in enumerate(scans) if part[0] == scan)
    yield "scans_101", jpeg(scans[:first] + [scans[first]] * 101)
    yield "scans_1500", jpeg(scans + [scans[first]] * 1500)


# TIFF -------------------------------------------------------------------------------------------------------------------------

def tiff(data=bytes(range(64)), first=8, following=0, magic=b"II*\0", count=None, **tags):
    """8 x 8 grey, a strip for each row, unless the tags say otherwise; data lies behind the directory.

    A tag is a number, a list of 32-bit numbers, bytes, or None to leave it out; places are from the start of the data."""
    numbers = {"width": 256, "height": 257, "bits": 258, "compression": 259, "photometric": 262, "places": 273, "samples": 277,
               "rows": 278, "lengths": 279, "planes": 284, "predictor": 317, "colours": 320, "tile_width": 322,
               "tile_height": 323, "tile_places": 324, "tile_lengths": 325, "format": 339}
    defaults = {"width": 8, "height": 8, "bits": 8, "compression": 1, "photometric": 1, "places": [8 * y for y in range(8)],
                "samples": 1, "rows": 1, "lengths": [8] * 8}
    entries = {numbers[name]: content for name, content in (defaults | tags).items() if content is not None}
    behind = 8 + 2 + 12 * len(entries) + 4
    blobs = [content for content in entries.values() if isinstance(content, list) and len(content) > 1]
    start = behind + sum(4 * len(blob) for blob in blobs)
    directory, blob = struct.pack("<H", len(entries) if count is None else count), b""
    for tag, content in sorted(entries.items()):
        if isinstance(content, int):
            directory += struct.pack("<HHII", tag, 4, 1, content)
            continue
        shift = start if tag in (273, 324) else 0
        packed = b"".join(struct.pack("<I", max(0, number + shift)) for number in content)
        place = packed.ljust(4, b"\0") if len(content) == 1 else struct.pack("<I", behind + len(blob))
        directory += struct.pack("<HHI", tag, 4, len(content)) + place
        blob += packed if len(content) > 1 else b""
    return magic + struct.pack("<I", first) + directory + struct.pack("<I", following) + blob + data


def tiffs():
    whole = tiff()
    start = len(whole) - 64  # places are counted from here, so that -start is the file's first byte
    tile = {"places": None, "lengths": None, "rows": None, "tile_width": 16, "tile_height": 16}
    yield "version_41", tiff(magic=b"II\x29\0")
    yield "directory_at_0", tiff(first=0)
    yield "directory_behind_the_end", tiff(first=1 << 20)
    yield "directory_of_65535_entries", tiff(count=65535)
    yield "directory_of_no_entries", tiff(count=0)
    yield "pages_in_a_circle", tiff(following=8)
    yield "next_page_behind_the_end", tiff(following=1 << 20)
    yield "no_width", tiff(width=None)
    yield "no_height", tiff(height=None)
    yield "width_zero", tiff(width=0)
    yield "more_pixels_than_the_limit", tiff(width=1 << 30, height=1 << 30)
    yield "too_short_for_its_size", tiff(width=10000, height=8)
    yield "too_short_for_its_size_deflate", tiff(width=10000, height=8, compression=8)
    yield "bits_3", tiff(bits=3)
    yield "bits_64_unsigned", tiff(bits=64)
    yield "samples_0", tiff(samples=0)
    yield "samples_17", tiff(samples=17)
    yield "signed_samples", tiff(format=2)
    yield "complex_samples", tiff(format=6)
    yield "float_not_a_number", tiff(b"\xff" * 256, bits=32, format=3, places=[32 * y for y in range(8)], lengths=[32] * 8)
    yield "compression_9999", tiff(compression=9999)
    yield "photometric_missing_and_3_samples", tiff(photometric=99, samples=3)
    yield "palette_missing", tiff(photometric=3)
    yield "predictor_9", tiff(compression=5, predictor=9)
    yield "no_places", tiff(places=None)
    yield "one_place_for_eight_strips", tiff(places=[0])
    yield "one_length_for_eight_strips", tiff(lengths=[8])
    yield "strips_in_the_header", tiff(places=[-start] * 8)
    yield "strips_in_the_header_by_4", tiff(places=[4 - start] * 8)
    yield "strip_behind_the_end", tiff(places=[8 * y for y in range(7)] + [1 << 20])
    yield "strip_over_the_end", tiff(places=[8 * y for y in range(7)] + [60])
    yield "strip_of_no_bytes", tiff(lengths=[8] * 7 + [0])
    yield "strip_too_short", tiff(lengths=[8] * 7 + [7])
    yield "strip_of_4_gigabytes", tiff(lengths=[8] * 7 + [0xFFFFFFFF])
    yield "rows_of_strip_0", tiff(rows=0)
    yield "deflate_no_stream", tiff(compression=8)
    yield "deflate_cut_off", tiff(zlib.compress(bytes(range(64)))[:20], compression=8, rows=8, places=[0], lengths=[20])
    yield "lzw_cut_off", tiff(LZW[:100], compression=5, width=16, height=16, rows=16, places=[0], lengths=[100])
    yield "lzw_code_without_entry", tiff(b"\x80\x7f\xff\xff" * 4, compression=5, rows=8, places=[0], lengths=[16])
    yield "packbits_cut_off", tiff(b"\x3f" + bytes(10), compression=32773, rows=8, places=[0], lengths=[11])
    yield "jpeg_without_tables", tiff(compression=7, rows=8, places=[0], lengths=[64])
    yield "fax_no_code", tiff(b"\0" * 16, compression=4, bits=1, rows=8, places=[0], lengths=[16])
    yield "planes_with_too_few_strips", tiff(samples=3, photometric=2, planes=2)
    yield "tile_width_0", tiff(**(tile | {"tile_width": 0}), tile_places=[0], tile_lengths=[64])
    yield "tile_height_missing", tiff(**(tile | {"tile_height": None}), tile_places=[0], tile_lengths=[64])
    yield "tile_of_65536_by_65536", tiff(**(tile | {"tile_width": 65536, "tile_height": 65536}), tile_places=[0], tile_lengths=[64])
    yield "tile_of_4_billion", tiff(**(tile | {"tile_width": 0xFFFFFFF0, "tile_height": 0xFFFFFFF0}), tile_places=[0], tile_lengths=[64])
    yield "tile_too_short", tiff(**tile, tile_places=[0], tile_lengths=[64])
    yield "tiles_with_too_few_places", tiff(**tile, width=32, tile_places=[0], tile_lengths=[64])
    yield "tile_in_the_header", tiff(bytes(256), **tile, tile_places=[-1 << 20], tile_lengths=[256])


# BMP --------------------------------------------------------------------------------------------------------------------------

def bmp(width=4, height=4, bits=24, compression=0, pixels_at=54, header=40, palette=0, pixels=bytes(48)):
    info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(pixels), 0, 0, palette, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(pixels), 0, 0, pixels_at) + info + pixels


def bmps():
    yield "header_of_3_bytes", bmp(header=3)
    yield "header_of_200_bytes", bmp(header=200)
    yield "width_zero", bmp(width=0)
    yield "width_negative", bmp(width=-4)
    yield "height_zero", bmp(height=0)
    yield "height_the_least_number", bmp(height=-1 << 31)
    yield "more_pixels_than_the_limit", bmp(width=1 << 20, height=1 << 20)
    yield "too_short_for_its_size", bmp(width=1000, height=1000)
    yield "bits_0", bmp(bits=0)
    yield "bits_2", bmp(bits=2)
    yield "bits_64", bmp(bits=64)
    yield "run_lengths_8", bmp(bits=8, compression=1)
    yield "run_lengths_4", bmp(bits=4, compression=2)
    yield "jpeg_inside", bmp(bits=0, compression=4)
    yield "masks_of_24_bits", bmp(bits=24, compression=3)
    yield "pixels_in_the_header", bmp(pixels_at=0)
    yield "pixels_behind_the_end", bmp(pixels_at=1 << 30)
    yield "palette_cut_off", bmp(bits=8, palette=256, pixels=bytes(20))
    yield "colour_outside_the_palette", bmp(width=4, height=1, bits=8, palette=1, pixels_at=58, pixels=bytes(4) + b"\0\0\5\0")


# WebP -------------------------------------------------------------------------------------------------------------------------

def webps():
    riff = lambda data, size=None: b"RIFF" + struct.pack("<I", len(data) + 4 if size is None else size) + b"WEBP" + data
    part = lambda kind, data: kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    lossy, lossless = WEBP[20:], WEBP_LOSSLESS[20:]
    yield "header_only", riff(b"")
    yield "longer_than_the_file", riff(WEBP[12:], 1 << 20)
    yield "size_beyond_31_bits", riff(WEBP[12:], 0xFFFFFFF0)
    yield "no_picture", riff(part(b"EXIF", bytes(8)))
    yield "chunk_unknown", riff(part(b"ABCD", bytes(8)))
    yield "lossy_wrong_start_code", riff(part(b"VP8 ", lossy[:3] + b"\0\0\0" + lossy[6:]))
    yield "lossy_no_key_frame", riff(part(b"VP8 ", bytes([lossy[0] | 1]) + lossy[1:]))
    yield "lossy_width_zero", riff(part(b"VP8 ", lossy[:6] + b"\0\0" + lossy[8:]))
    yield "lossy_partition_too_long", riff(part(b"VP8 ", lossy[:1] + b"\xff\xff" + lossy[3:]))
    yield "lossy_cut_off", riff(part(b"VP8 ", lossy[:40]))
    yield "lossy_empty", riff(part(b"VP8 ", b""))
    yield "lossless_wrong_signature", riff(part(b"VP8L", b"\0" + lossless[1:]))
    yield "lossless_version_1", riff(part(b"VP8L", lossless[:4] + b"\xff" + lossless[5:]))
    yield "lossless_cut_off", riff(part(b"VP8L", lossless[:30]))
    yield "lossless_noise", riff(part(b"VP8L", lossless[:5] + b"\xa5" * 60))
    yield "extended_without_picture", riff(part(b"VP8X", bytes(4) + b"\x0f\0\0\x0f\0\0"))
    yield "animation_without_frames", riff(part(b"VP8X", b"\2\0\0\0\x0f\0\0\x0f\0\0") + part(b"ANIM", bytes(6)))
    yield "animation_frame_too_short", riff(part(b"VP8X", b"\2\0\0\0\x0f\0\0\x0f\0\0") + part(b"ANIM", bytes(6)) + part(b"ANMF", bytes(16)))
    yield "animation_first_frame_smaller", WEBP_ANIMATED.replace(b"\x0a\0\0\0\2\0\0\0\x0f\0\0\x0f", b"\x0a\0\0\0\2\0\0\0\x1f\0\0\x1f")


# EXIF: what is wrong there leaves the picture as it is, upright ------------------------------------------------------------------

def exifs():
    within = lambda block: jpeg([(0xE1, b"Exif\0\0" + block, b"")] + segments(JPEG))
    directory = lambda *entries, count=None: struct.pack("<2sHIH", b"II", 42, 8, len(entries) if count is None else count) + b"".join(entries)
    entry = lambda tag=0x112, kind=3, count=1, value=6: struct.pack("<HHII", tag, kind, count, value)
    yield "empty", within(b"")
    yield "byte_order_unknown", within(b"XX*\0" + bytes(20))
    yield "version_43", within(b"II+\0\x08\0\0\0" + bytes(20))
    yield "directory_behind_the_end", within(b"II*\0\xff\xff\xff\xff")
    yield "directory_of_65535_entries", within(directory(entry(1), count=65535))
    yield "entry_cut_off", within(directory(entry(), count=1)[:-6])
    yield "orientation_9", within(directory(entry(value=9)))
    yield "orientation_is_text", within(directory(entry(kind=2)))
    yield "blocks_of_65535_entries_each", jpeg([(0xE1, b"Exif\0\0" + directory(count=65535), b"")] * 2000 + segments(JPEG))


ALL = {"png": pngs, "jpeg": jpegs, "tif": tiffs, "bmp": bmps, "webp": webps, "exif": exifs}


def sound():
    yield "grey.png", png(ihdr(), idat(), END)
    yield "palette.png", png(ihdr(width=8, depth=4, colour=3), chunk(b"PLTE", bytes(range(48))), idat(ROWS), chunk(b"tEXt", b"key\0text"), END)
    yield "plain.jpg", JPEG
    yield "progressive.jpg", PROGRESSIVE
    exif = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0"
    yield "turned.jpg", jpeg([(0xE1, exif, b"")] + segments(JPEG))
    yield "strips.tif", tiff()
    # The last strip has as many bytes as the others by its tag, and fewer rows.
    yield "last_strip.tif", tiff(bytes(range(56)), height=7, rows=2, places=[0, 16, 32, 48], lengths=[16] * 4)
    packed = zlib.compress(bytes(range(64)))
    yield "deflate.tif", tiff(packed, compression=8, rows=8, places=[0], lengths=[len(packed)])
    yield "lzw.tif", tiff(LZW, compression=5, width=16, height=16, rows=16, places=[0], lengths=[len(LZW)])
    yield "tiles.tif", tiff(bytes(256), places=None, lengths=None, rows=None, tile_width=16, tile_height=16, tile_places=[0], tile_lengths=[256])
    yield "colours.bmp", bmp()
    yield "palette.bmp", bmp(width=4, height=1, bits=8, palette=8, pixels_at=86, pixels=bytes(32) + b"\0\0\5\0")
    yield "lossy.webp", WEBP
    yield "lossless.webp", WEBP_LOSSLESS
    yield "animated.webp", WEBP_ANIMATED
