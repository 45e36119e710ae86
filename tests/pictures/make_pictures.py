# SPDX-License-Identifier: Apache-2.0
"""Writes one picture file of each kind, and beside it what it should look like: NAME.expected holds "width height
tolerance" in its first line, then float32 [3, height, width], RGB in [0, 1].

Files come from PIL and are expected to look as PIL reads them (convert("RGB")). What PIL cannot write (16-bit colour,
interlaced PNG, tiles, separate planes, ...) is put together here byte by byte; there the array written is expected.

    make_pictures.py OUTPUT_FOLDER
"""
import pathlib
import struct
import sys
import zlib

import numpy as np
from PIL import Image, ImageOps

OUT = pathlib.Path(sys.argv[1])
W, H = 61, 43
ROUNDING = 1e-6
STEP = 1 / 255


def expect(name, rgb, tolerance=ROUNDING):
    """rgb: float [height, width, 3] in [0, 1]."""
    planar = np.ascontiguousarray(np.asarray(rgb, np.float64).transpose(2, 0, 1)).astype(np.float32)
    head = f"{planar.shape[2]} {planar.shape[1]} {tolerance}\n".encode()
    (OUT / f"{name}.expected").write_bytes(head + planar.tobytes())


def grey(values):
    return np.repeat(np.asarray(values, np.float64)[:, :, None], 3, axis=2)


def base_picture():
    """Colours that differ in every corner, and edges: any turn, mirror or swapped channel shows."""
    y, x = np.mgrid[0:H, 0:W]
    picture = np.stack([x * 255 // (W - 1), y * 255 // (H - 1), (x * y) * 255 // ((W - 1) * (H - 1))], axis=2)
    picture[5:12, 8:30] = (250, 20, 40)
    picture[25:40, 40:44] = (10, 240, 90)
    return picture.astype(np.uint8)


RGB8 = base_picture()
RGB = Image.fromarray(RGB8, "RGB")
ALPHA8 = np.linspace(0, 255, W * H).reshape(H, W).astype(np.uint8)
ALPHA = Image.fromarray(ALPHA8, "L")
RGB16 = (RGB8.astype(np.uint32) * 257 * 60000 // 65535 + np.arange(W, dtype=np.uint32)[None, :, None]).astype(np.uint16)
GREY16 = RGB16[:, :, 0]


def save(name, picture, tolerance=ROUNDING, **options):
    """Saves with PIL; expects what PIL reads, turned upright."""
    picture.save(OUT / name, **options)
    with Image.open(OUT / name) as read:
        expect(name, np.asarray(ImageOps.exif_transpose(read).convert("RGB")) / 255.0, tolerance)


# --- PNG ---------------------------------------------------------------------------------------------------------

def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_file(width, height, depth, colour, interlaced, data):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(data)) +
            png_chunk(b"IEND", b""))


def png_rows(array):
    big_endian = array.astype(array.dtype.newbyteorder(">"))
    return b"".join(b"\0" + row.tobytes() for row in big_endian)


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def write_png(name, array, colour, interlaced=False):
    passes = [array[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [array]
    data = b"".join(png_rows(p) for p in passes if p.size)
    depth = array.dtype.itemsize * 8
    (OUT / name).write_bytes(png_file(array.shape[1], array.shape[0], depth, colour, int(interlaced), data))


def write_pngs():
    save("rgb8.png", RGB)
    save("grey8.png", RGB.convert("L"))
    save("grey_alpha8.png", Image.merge("LA", (RGB.convert("L"), ALPHA)))
    save("rgba8.png", Image.merge("RGBA", (*RGB.split(), ALPHA)))
    save("palette.png", RGB.quantize(200))
    save("palette_4bit.png", RGB.quantize(16), bits=4)
    save("palette_transparent.png", RGB.quantize(100), transparency=3)
    save("one_bit.png", RGB.convert("1"))
    for orientation in (1, 3, 6, 8):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(f"turned{orientation}.png", RGB, exif=exif)
    save("colour_profile.png", RGB, icc_profile=b"not a profile" * 20)

    Image.fromarray(GREY16, "I;16").save(OUT / "grey16.png")
    expect("grey16.png", grey(GREY16 / 65535.0))
    write_png("rgb16.png", RGB16, 2)
    expect("rgb16.png", RGB16 / 65535.0)
    write_png("rgba16.png", np.dstack([RGB16, ALPHA8.astype(np.uint16) * 257]), 6)
    expect("rgba16.png", RGB16 / 65535.0)
    write_png("interlaced.png", RGB8, 2, interlaced=True)
    expect("interlaced.png", RGB8 / 255.0)
    write_png("interlaced16.png", RGB16, 2, interlaced=True)
    expect("interlaced16.png", RGB16 / 65535.0)


# --- JPEG --------------------------------------------------------------------------------------------------------

def write_jpegs():
    save("rgb.jpg", RGB, quality=92)
    save("subsampled.jpg", RGB, quality=80, subsampling=2)
    save("progressive.jpg", RGB, quality=90, progressive=True)
    save("grey.jpg", RGB.convert("L"))
    # Two roundings of ink times light, ours and PIL's.
    save("cmyk.jpg", RGB.convert("CMYK"), STEP * 1.01, quality=95)
    black = Image.fromarray((RGB8[:, :, 0] // 3).astype(np.uint8), "L")
    save("cmyk_black.jpg", Image.merge("CMYK", (*RGB.split(), black)), STEP * 1.01, quality=95)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(f"turned{orientation}.jpg", RGB, quality=90, exif=exif)


# --- TIFF --------------------------------------------------------------------------------------------------------

def write_tiff(name, array, photometric, order="<", separate=False, tile=None, extra=None, orientation=None):
    """An uncompressed TIFF of one page. array: [height, width] or [height, width, channels]."""
    array = array if array.ndim == 3 else array[:, :, None]
    height, width, channels = array.shape
    kind = {"u": 1, "i": 2, "f": 3}[array.dtype.kind]
    stored = array.astype(array.dtype.newbyteorder(order))
    planes = [stored[:, :, c:c + 1] for c in range(channels)] if separate else [stored]
    blocks = []
    for plane in planes:
        if tile is None:
            blocks += [plane[y:y + 16].tobytes() for y in range(0, height, 16)]
            continue
        padded = np.pad(plane, ((0, -height % tile), (0, -width % tile), (0, 0)))
        blocks += [padded[y:y + tile, x:x + tile].tobytes()
                   for y in range(0, padded.shape[0], tile) for x in range(0, padded.shape[1], tile)]

    tags = [(256, 4, [width]), (257, 4, [height]), (258, 3, [array.dtype.itemsize * 8] * channels), (259, 3, [1]),
            (262, 3, [photometric]), (277, 3, [channels]), (284, 3, [2 if separate else 1]),
            (339, 3, [kind] * channels)]
    if orientation is not None:
        tags.append((274, 3, [orientation]))
    if extra is not None:
        tags.append((338, 3, [extra]))
    position = 8
    offsets = []
    for block in blocks:
        offsets.append(position)
        position += len(block)
    sizes = [len(block) for block in blocks]
    if tile is None:
        tags += [(273, 4, offsets), (278, 4, [16]), (279, 4, sizes)]
    else:
        tags += [(322, 4, [tile]), (323, 4, [tile]), (324, 4, offsets), (325, 4, sizes)]
    tags.sort()
    position += position % 2
    values_at = position + 2 + 12 * len(tags) + 4
    directory, values = struct.pack(order + "H", len(tags)), b""
    for tag, kind_code, numbers in tags:
        packed = struct.pack(order + {3: "H", 4: "I"}[kind_code] * len(numbers), *numbers)
        if len(packed) <= 4:
            field = packed.ljust(4, b"\0")
        else:
            field = struct.pack(order + "I", values_at + len(values))
            values += packed + b"\0" * (len(packed) % 2)
        directory += struct.pack(order + "HHI", tag, kind_code, len(numbers)) + field
    data = b"".join(blocks)
    header = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", position)
    (OUT / name).write_bytes(header + data + b"\0" * (len(data) % 2) + directory + b"\0\0\0\0" + values)


def write_tiffs():
    save("rgb.tif", RGB)
    save("lzw.tif", RGB, compression="tiff_lzw")
    save("deflate.tif", RGB, compression="tiff_adobe_deflate")
    save("jpeg.tif", RGB, STEP * 3, compression="jpeg", quality=95)
    save("grey8.tif", RGB.convert("L"))
    save("rgba8.tif", Image.merge("RGBA", (*RGB.split(), ALPHA)))
    save("one_bit.tif", RGB.convert("1"))
    save("group4.tif", RGB.convert("1"), compression="group4")
    save("palette.tif", RGB.quantize(200))
    save("cmyk.tif", RGB.convert("CMYK"), STEP * 1.01)

    Image.fromarray(GREY16, "I;16").save(OUT / "grey16.tif")
    expect("grey16.tif", grey(GREY16 / 65535.0))
    write_tiff("rgb16.tif", RGB16, 2)
    expect("rgb16.tif", RGB16 / 65535.0)
    write_tiff("rgb16_big_endian.tif", RGB16, 2, order=">")
    expect("rgb16_big_endian.tif", RGB16 / 65535.0)
    write_tiff("rgba16_planes.tif", np.dstack([RGB16, ALPHA8.astype(np.uint16) * 257]), 2, separate=True, extra=2)
    expect("rgba16_planes.tif", RGB16 / 65535.0)
    write_tiff("rgb8_tiles.tif", RGB8, 2, tile=16)
    expect("rgb8_tiles.tif", RGB8 / 255.0)
    write_tiff("rgb16_tiles_planes.tif", RGB16, 2, tile=32, separate=True)
    expect("rgb16_tiles_planes.tif", RGB16 / 65535.0)
    write_tiff("min_is_white8.tif", 255 - RGB8[:, :, 0], 0)
    expect("min_is_white8.tif", grey(RGB8[:, :, 0] / 255.0))
    write_tiff("min_is_white16.tif", 65535 - GREY16, 0)
    expect("min_is_white16.tif", grey(GREY16 / 65535.0))
    write_tiff("turned6.tif", RGB8, 2, orientation=6)
    expect("turned6.tif", np.rot90(RGB8, -1) / 255.0)

    floats = (RGB8 / 255.0).astype(np.float32)
    Image.fromarray(floats[:, :, 1], "F").save(OUT / "float_grey.tif")
    expect("float_grey.tif", grey(floats[:, :, 1]), 0)
    write_tiff("float_rgb.tif", floats, 2)
    expect("float_rgb.tif", floats, 0)
    write_tiff("double_rgb.tif", RGB8 / 255.0, 2)
    expect("double_rgb.tif", RGB8 / 255.0)
    # Without expectations: read, but refused further on; or refused.
    write_tiff("float_255.tif.odd", RGB8.astype(np.float32), 2)
    write_tiff("float_normalised.tif.odd", (floats - 0.45) / 0.22, 2)
    holed = floats.copy()
    holed[7, 9, 1] = np.nan
    write_tiff("float_nan.tif.bad", holed, 2)
    holed[7, 9, 1] = -np.inf
    write_tiff("float_infinite.tif.bad", holed, 2)
    write_tiff("signed.tif.bad", RGB8.astype(np.int16), 2)
    write_tiff("wide.tif.bad", RGB8.astype(np.uint32), 2)


# --- WebP and BMP ------------------------------------------------------------------------------------------------

def write_webps():
    save("lossy.webp", RGB, quality=80)
    save("lossless.webp", RGB, lossless=True)
    save("rgba.webp", Image.merge("RGBA", (*RGB.split(), ALPHA)), lossless=True, exact=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    save("turned6.webp", RGB, lossless=True, exif=exif.tobytes())
    # Its first frame.
    save("animated.webp", RGB, lossless=True, save_all=True, append_images=[RGB.transpose(Image.ROTATE_180), RGB])


def bmp_file(width, height, bits, compression, rows, masks=b"", palette=b"", colours=0):
    offset = 54 + len(masks) + len(palette)
    data = b"".join(row + b"\0" * (-len(row) % 4) for row in rows)
    return (b"BM" + struct.pack("<IHHI", offset + len(data), 0, 0, offset) +
            struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 0, 0, colours, 0) +
            masks + palette + data)


def write_bmps():
    save("rgb.bmp", RGB)
    save("grey.bmp", RGB.convert("L"))
    save("palette.bmp", RGB.quantize(200))
    save("one_bit.bmp", RGB.convert("1"))
    save("rgba.bmp", Image.merge("RGBA", (*RGB.split(), ALPHA)))

    bgr = np.ascontiguousarray(RGB8[:, :, ::-1])
    (OUT / "top_down.bmp").write_bytes(bmp_file(W, -H, 24, 0, [row.tobytes() for row in bgr]))
    expect("top_down.bmp", RGB8 / 255.0)
    wide = RGB8.astype(np.uint16)
    r5, g6, b5 = wide[:, :, 0] >> 3, wide[:, :, 1] >> 2, wide[:, :, 2] >> 3
    packed = ((r5 << 11) | (g6 << 5) | b5)[::-1]
    (OUT / "565.bmp").write_bytes(bmp_file(W, H, 16, 3, [row.tobytes() for row in packed],
                                           struct.pack("<III", 0xF800, 0x07E0, 0x001F)))
    expect("565.bmp", np.stack([r5 / 31, g6 / 63, b5 / 31], axis=2), STEP * 0.51)
    packed = ((r5 << 10) | ((g6 >> 1) << 5) | b5)[::-1]
    (OUT / "555.bmp").write_bytes(bmp_file(W, H, 16, 0, [row.tobytes() for row in packed]))
    expect("555.bmp", np.stack([r5 / 31, (g6 >> 1) / 31, b5 / 31], axis=2), STEP * 0.51)
    index = (RGB8[:, :, 0] >> 4)
    even = np.pad(index, ((0, 0), (0, W % 2)))
    nibbles = ((even[:, 0::2] << 4) | even[:, 1::2])[::-1]
    colours = np.stack([np.arange(16) * 17, 255 - np.arange(16) * 3, np.arange(16) * 5], axis=1)
    palette = b"".join(struct.pack("BBBB", b, g, r, 0) for r, g, b in colours.tolist())
    (OUT / "palette_4bit.bmp").write_bytes(bmp_file(W, H, 4, 0, [row.tobytes() for row in nibbles], palette=palette,
                                                    colours=16))
    expect("palette_4bit.bmp", colours[index] / 255.0)
    short = bmp_file(W, H, 4, 0, [row.tobytes() for row in nibbles], palette=palette[:32], colours=8)
    (OUT / "palette_too_short.bmp.bad").write_bytes(short)
    (OUT / "run_lengths.bmp.bad").write_bytes(bmp_file(W, H, 8, 1, [b"\0\1"], palette=palette, colours=16))


# --- Orientation, wherever it is stored ------------------------------------------------------------------------------

def exif_block(order, orientation):
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def xmp_packet(orientation, element=False):
    prefix = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description '
    inside = f'><tiff:Orientation> {orientation} </tiff:Orientation>' if element else f"tiff:Orientation = '{orientation}'>"
    return (prefix + inside + "</rdf:Description></rdf:RDF></x:xmpmeta>").encode()


def write_orientations():
    """Each of the files is to be turned as orientation 6 says."""
    turned = np.rot90(RGB8, -1) / 255.0
    png = (OUT / "rgb8.png").read_bytes()
    raw = b"\nexif\n%8d\n" % (6 + 26) + (b"Exif\0\0" + exif_block(">", 6)).hex().encode() + b"\n"
    itxt = b"XML:com.adobe.xmp\0\0\0\0\0"
    packed = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp_packet(6, True))
    chunks = {
        "exif_little": png_chunk(b"eXIf", exif_block("<", 6)),
        "exif_big": png_chunk(b"eXIf", exif_block(">", 6)),
        "raw_profile": png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(raw)),
        "raw_text": png_chunk(b"tEXt", b"Raw profile type APP1\0" + raw),
        "xmp": png_chunk(b"iTXt", itxt + xmp_packet(6)),
        "xmp_packed": png_chunk(b"iTXt", packed),
        "exif_before_xmp": png_chunk(b"iTXt", itxt + xmp_packet(3)) + png_chunk(b"eXIf", exif_block("<", 6)),
    }
    for name, chunk in chunks.items():
        for place, at in (("first", 33), ("last", len(png) - 12)):
            (OUT / f"turned_{name}_{place}.png").write_bytes(png[:at] + chunk + png[at:])
            expect(f"turned_{name}_{place}.png", turned)

    RGB.save(OUT / "upright.jpg.odd", format="JPEG", quality=90)
    jpeg = (OUT / "upright.jpg.odd").read_bytes()
    with Image.open(OUT / "upright.jpg.odd") as read:
        turned_jpeg = np.rot90(np.asarray(read.convert("RGB")), -1) / 255.0
    xmp = b"http://ns.adobe.com/xap/1.0/\0"
    blocks = {"exif_big": [b"Exif\0\0" + exif_block(">", 6)], "exif_little": [b"Exif\0\0" + exif_block("<", 6)],
              "xmp": [xmp + xmp_packet(6)], "exif_after_xmp": [xmp + xmp_packet(3), b"Exif\0\0" + exif_block("<", 6)]}
    for name, parts in blocks.items():
        segments = b"".join(b"\xff\xe1" + struct.pack(">H", len(part) + 2) + part for part in parts)
        (OUT / f"turned_{name}.jpg").write_bytes(jpeg[:2] + segments + jpeg[2:])
        expect(f"turned_{name}.jpg", turned_jpeg)

    RGB.save(OUT / "turned_exif_big.webp", lossless=True, exif=exif_block(">", 6))
    RGB.save(OUT / "turned_xmp.webp", lossless=True, xmp=xmp_packet(6, True))
    RGB.save(OUT / "turned_exif_before_xmp.webp", lossless=True, exif=exif_block("<", 6), xmp=xmp_packet(3))
    RGB.save(OUT / "turned_xmp.tif", tiffinfo={700: xmp_packet(6)})
    for name in ("exif_big.webp", "xmp.webp", "exif_before_xmp.webp", "xmp.tif"):
        expect(f"turned_{name}", turned)


# --- Files that state sizes they do not have ------------------------------------------------------------------------

def write_bombs():
    blank = zlib.compress(b"\0" * 1000)

    def png(width, height):
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", blank) + png_chunk(b"IEND", b"")

    (OUT / "huge.png.bomb").write_bytes(png(100000, 100000))
    (OUT / "very_wide.png.bomb").write_bytes(png(0x7FFFFFFF, 0x7FFFFFFF))
    (OUT / "lying.png.bad").write_bytes(png(16000, 16000))
    jpeg = bytearray((OUT / "rgb.jpg").read_bytes())
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at:at + 4] = struct.pack(">HH", 65000, 65000)
    (OUT / "huge.jpg.bomb").write_bytes(jpeg)
    (OUT / "huge.bmp.bomb").write_bytes(bmp_file(0x7FFFFFFF, 0x7FFFFFFF, 24, 0, []))
    write_tiff("small.tif.tmp", RGB8, 2)
    tiff = bytearray((OUT / "small.tif.tmp").read_bytes())
    directory = struct.unpack("<I", tiff[4:8])[0]
    for entry in (0, 1):
        at = directory + 2 + 12 * entry + 8
        tiff[at:at + 4] = struct.pack("<I", 100000)
    (OUT / "huge.tif.bomb").write_bytes(tiff)
    (OUT / "small.tif.tmp").unlink()


write_pngs()
write_jpegs()
write_tiffs()
write_webps()
write_bmps()
write_orientations()
write_bombs()
