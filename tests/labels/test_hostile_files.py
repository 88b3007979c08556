"""Archives, folders and files made to do harm: each is refused in little time and memory, and
what lies beside it goes in.
"""

import gzip
import io
import json
import lzma
import multiprocessing
import os
import resource
import stat
import struct
import tarfile
import tempfile
import time
import zipfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import altui.labels.imports
from altui import AltuiError, Project
from altui.slices import SliceId
from altui.volumes.check import check_stack
from altui.volumes.stack import open_stack
from tests.labels.conftest import SLICES, Save, right_mask, save_as
from tests.labels.test_hostile_names import NAMES, assert_harmless

Asked = tuple[SliceId, ...]
MEGABYTE = 1 << 20
MEMORY, SECONDS = 300 * MEGABYTE, 20  # beyond what is loaded; of CPU time
ROOM = 32 * MEGABYTE  # smaller than usual, so that bombs may be
# Processes of their own, whose memory and time the kernel bounds.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["altui.project", "tifffile", "PIL.Image", "nibabel", __name__])
ZEROS = bytes(MEGABYTE)


def bounded(memory: int = MEMORY) -> None:
    """From here on, this process may take so much more memory, and so much time."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + memory,) * 2)
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds,) * 2)


def take(root: Path, paths: list[Path], options: dict[str, Any], answer: Any) -> None:
    """An import in a process of its own: every file's name, code and message, or the error."""
    altui.labels.imports.ROOM = ROOM
    project = Project.open(root)
    bounded()
    try:
        report = project.import_labels(*paths, **options)
        answer.put([(v.file, v.code, v.message) for v in report.verdicts])
    except AltuiError as error:
        answer.put(error.message)


def look(path: Path, answer: Any) -> None:
    """A stack opened, read and checked in a process of its own."""
    bounded()
    try:
        with open_stack(path.parent, path.name) as stack:
            problems = check_stack(stack)
            stack.read(0)
        answer.put(f"read, {len(problems)} problems")
    except AltuiError as error:
        answer.put(error.message)


def in_process(work: Any, *given: Any) -> Any:
    answer = PROCESSES.SimpleQueue()
    process = PROCESSES.Process(target=work, args=(*given, answer))
    process.start()
    process.join(120)
    assert process.exitcode == 0, "killed for its time, or out of memory"
    return answer.get()


def codes_of(project: Project, *paths: Path, **options: Any) -> dict[str, str]:
    told = in_process(take, project.root, list(paths), options)
    assert isinstance(told, list), told
    for file, code, message in told:
        assert "not enough memory" not in message
        assert code
        file.encode()
    return {Path(file).name: code for file, code, _ in told}


def png_of(project: Project, slice_id: SliceId) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(right_mask(project, slice_id)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def good(project: Project, asked: Asked) -> tuple[str, bytes]:
    """The name and bytes of a mask that the round waits for."""
    return f"{asked[0].file_stem(SLICES)}.png", png_of(project, asked[0])


def everything_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


OUT = ["../{}", "../../../{}", "/tmp/{}", "a/../../{}", "C:/{}", "..\\{}"]


def test_zip_slip(project: Project, good: tuple[str, bytes], back: Path) -> None:
    name, data = good
    with zipfile.ZipFile(back / "slip.zip", "w") as archive:
        for number, out in enumerate(OUT):
            archive.writestr(out.format(f"out{number}_z01.png"), data)
        link = zipfile.ZipInfo("link_z01.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(name, data)
    before = everything_below(back.parent)
    found = codes_of(project, back / "slip.zip")
    assert found.pop(name) == "ok"
    assert found.pop("link_z01.png") == "unreadable"
    assert set(found.values()) == {"unsafe"}
    assert len(found) == len(OUT)
    new = everything_below(back.parent) - before
    assert all(one.startswith("project/.altui/") for one in new)


def test_links_and_names_in_a_tar(project: Project, good: tuple[str, bytes], back: Path) -> None:
    name, data = good
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE)
    with tarfile.open(back / "slip.tar", "w") as archive:
        for number, out in enumerate(OUT[:4]):
            info = tarfile.TarInfo(out.format(f"out{number}_z01.png"))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for kind in kinds:
            info = tarfile.TarInfo(f"kind{kind.decode()}_z01.png")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("folder")  # a link, and a file "in" it
        info.type, info.linkname = tarfile.SYMTYPE, str(back.parent)
        archive.addfile(info)
        for inner in ("folder/in_z01.txt", name):
            info = tarfile.TarInfo(inner)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    found = codes_of(project, back / "slip.tar")
    assert found.pop(name) == "ok"
    assert [found.pop(f"kind{kind.decode()}_z01.png") for kind in kinds] == ["unreadable"] * 4
    assert set(found.values()) == {"unsafe"}
    assert not (back.parent / "in_z01.txt").exists()


def test_links_out_of_a_folder(project: Project, asked: Asked, save: Save, back: Path) -> None:
    save(asked[0])
    outside = back.parent / "outside"
    outside.mkdir()
    secret = save_as(outside / "secret.tif", right_mask(project, asked[1]))
    (back / f"{asked[1].file_stem(SLICES)}.tif").symlink_to(secret)
    (back / "folder").symlink_to(outside)
    (back / "itself").symlink_to(back)
    (back / "archive.zip").symlink_to("/etc/passwd")
    found = codes_of(project, back)
    assert found.pop(f"{asked[0].file_stem(SLICES)}.tif") == "ok"
    assert set(found) == {f"{asked[1].file_stem(SLICES)}.tif", "folder", "archive.zip"}
    assert set(found.values()) == {"unsafe"}
    given = codes_of(project, back / f"{asked[1].file_stem(SLICES)}.tif")
    assert set(given.values()) == {"ok"}, "the person says so"


@cache
def bomb(kind: str, megabytes: int = 320) -> bytes:
    """Zeros, compressed, some at a time."""
    pack: Any = lzma.LZMACompressor(preset=0)
    if kind != "xz":
        pack = zlib.compressobj(1, zlib.DEFLATED, {"gz": 31, "zlib": 15}[kind])
    return b"".join([*(pack.compress(ZEROS) for _ in range(megabytes)), pack.flush()])


@pytest.mark.parametrize("name", ["screw1_z0003.tif", "a.zip", "a.tar.gz", "labelmap.txt"])
@pytest.mark.parametrize("kind", ["pipe", "device", "endless"])
def test_what_is_no_file(project: Project, back: Path, name: str, kind: str) -> None:
    """Whether it is given or found in a folder; as a labelmap, too, it would be read."""
    path = back / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.touch()
        os.truncate(path, 1 << 42)
    for given in [path, back]:
        assert codes_of(project, given)[name] in ("unreadable", "unsafe", "too-large")


def test_bombs_in_archives(project: Project, good: tuple[str, bytes], back: Path) -> None:
    name, data = good
    with zipfile.ZipFile(back / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        with archive.open("bomb_z01.png", "w") as file:
            for _ in range(64):
                file.write(ZEROS)
        archive.writestr("after_z01.png", data)
    (back / "gz.tar.gz").write_bytes(bomb("gz"))
    (back / "xz.tar.xz").write_bytes(bomb("xz", 64))
    (back / "screw1.nii.gz").write_bytes(bomb("gz"))
    header = b"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 4 4 4194304\nencoding: gzip\n\n"
    (back / "screw1.nrrd").write_bytes(header + bomb("gz"))
    found = codes_of(project, back)
    assert found.pop(name) == "ok"
    large = {"bomb_z01.png", "gz.tar.gz", "xz.tar.xz", "screw1.nii.gz", "screw1.nrrd"}
    assert found == dict.fromkeys(large, "too-large")


def test_a_zip_that_lies_of_its_sizes(project: Project, back: Path) -> None:
    with zipfile.ZipFile(back / "lies.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("screw1_z0001.png", bytes(8 * MEGABYTE))
    raw = bytearray((back / "lies.zip").read_bytes())
    for at in (raw.index(b"PK\3\4") + 22, raw.index(b"PK\1\2") + 24):
        raw[at : at + 4] = struct.pack("<I", 99)
    (back / "lies.zip").write_bytes(raw)
    assert set(codes_of(project, back).values()) == {"unreadable"}


def test_archives_of_too_many_files(project: Project, back: Path) -> None:
    info = tarfile.TarInfo("x_z01.txt")
    (back / "many.tar").write_bytes(info.tobuf() * 100_001 + bytes(1024))
    with zipfile.ZipFile(back / "many.zip", "w") as archive:
        archive.writestr("x_z01.txt", b"")
    raw = (back / "many.zip").read_bytes()
    start, end = raw.index(b"PK\1\2"), raw.index(b"PK\5\6")
    many = raw[start:end] * 100_001  # each speaks of the same bytes
    large = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, *(100_001,) * 2, len(many),
                        start)  # fmt: skip
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, start + len(many), 1)
    tail = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    (back / "many.zip").write_bytes(raw[:start] + many + large + locator + tail)
    assert codes_of(project, back) == dict.fromkeys(("many.tar", "many.zip"), "too-large")
    (back / "many.tar").unlink()
    (back / "long.tar").write_bytes(raw[:start] + bytes(100) + tail[:10])
    (back / "claims.zip").write_bytes(raw[:end] + tail[:12] + b"\xff\xff\xff\x7f" + bytes(6))
    found = codes_of(project, back / "long.tar", back / "claims.zip")
    assert set(found.values()) <= {"unreadable", "too-large"}


def test_long_names_without_end_in_a_tar(project: Project, back: Path) -> None:
    header = tarfile.TarInfo("././@LongLink")
    for kind, ending in ((b"L", "long"), (b"x", "pax"), (b"g", "global")):
        header.type, header.size = kind, 0
        (back / f"{ending}.tar").write_bytes(header.tobuf() * 20_000)
        header.size = 8 << 30
        (back / f"{ending}-huge.tar").write_bytes(header.tobuf() + bytes(4096))
    assert set(codes_of(project, back).values()) == {"unreadable"}


def test_a_hundred_thousand_files(project: Project) -> None:
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # a disk takes its time
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        link_many(Path(folder))
        told = in_process(take, project.root, [Path(folder)], {"dry_run": True})
    assert "more than 100,000 files" in told


def link_many(back: Path) -> None:
    one = back / "screw1_z0001 0.png"
    one.write_bytes(b"no mask")
    for number in range(1, 100_001):
        os.link(one, back / f"screw1_z0001 {number}.png")
        if number % 20_000 == 0:  # no file has more names than that everywhere
            one = back / f"screw1_z0001 x{number}.png"
            one.write_bytes(b"no mask")


def entry(tag: int, kind: int, length: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, length, value)


def directory(*entries: bytes, following: int = 0) -> bytes:
    return struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", following)


def small_page(width: int = 48, height: int = 40, strip: int = 8, bytes_: int = 1920) -> Any:
    return [
        *(entry(256, 4, 1, width), entry(257, 4, 1, height), entry(258, 3, 1, 8)),
        *(entry(259, 3, 1, 1), entry(262, 3, 1, 1), entry(273, 4, 1, strip)),
        *(entry(278, 4, 1, height), entry(279, 4, 1, bytes_)),
    ]


def hostile_tiffs() -> dict[str, bytes]:
    head = b"II*\0" + struct.pack("<I", 8)
    made = {
        "huge": head + directory(*small_page(10**6, 10**6)),
        "wide": head + directory(*small_page(2**31, 1)),
        "no pixels": head + directory(*small_page(0, 0)),
    }
    own = directory(*small_page(), following=8)
    made["cycle of one"] = head + own
    first = directory(*small_page(), following=8 + len(own))
    made["cycle of two"] = head + first + own
    made["overlapping pages"] = _overlapping(head, 60_000)
    made["shared lists"] = _shared(head)
    each = 18
    many = np.zeros((100_000, each), np.uint8)
    many[:, :14] = np.frombuffer(struct.pack("<H", 1) + entry(256, 4, 1, 48), np.uint8)
    following = (8 + each * np.arange(1, len(many) + 1)).astype("<u4")
    following[-1] = 8
    many[:, 14:] = following.view(np.uint8).reshape(-1, 4)
    made["endless pages"] = head + many.tobytes()
    packed = bomb("zlib")
    strip = small_page(strip=8 + 102, bytes_=len(packed))
    strip[3] = entry(259, 3, 1, 8)
    made["bomb"] = head + directory(*strip) + packed
    return made


def _overlapping(head: bytes, pages: int) -> bytes:
    """Directories of 4,000 tags that begin 16 bytes after each other: each one's number of
    tags lies in a tag of the one before, and where the next one is, in a tag further on.
    """
    count = 4000
    reach = 2 + 12 * count  # from a directory's start to its link
    raw = bytearray(pages * 16 + reach + 64)
    for number in range(pages):
        start = 16 * number
        struct.pack_into("<H", raw, start, count)
        struct.pack_into("<I", raw, start + reach, 8 + start + 16)
    return head + bytes(raw)


def _shared(head: bytes) -> bytes:
    """2,000 pages that all name one list of half a million strips."""
    strips, pages = 500_000, 2_000
    page = [
        *(entry(256, 4, 1, 1), entry(257, 4, 1, strips), entry(258, 3, 1, 8)),
        *(entry(259, 3, 1, 8), entry(262, 3, 1, 1)),
    ]
    size = 2 + 12 * 8 + 4
    lists = 8 + size * pages
    raw = bytearray(head)
    for number in range(pages):
        last = number == pages - 1
        own = [*page, entry(273, 4, strips, lists), entry(278, 4, 1, 1)]
        own.append(entry(279, 4, 5 if last else strips, lists))
        raw += directory(*own, following=0 if last else 8 + size * (number + 1))
    return bytes(raw) + np.full(strips, 8, "<u4").tobytes()


TIFFS = hostile_tiffs()


@pytest.mark.parametrize("kind", TIFFS)
def test_tiffs(project: Project, back: Path, tmp_path: Path, kind: str) -> None:
    (back / "screw1_z0001.tif").write_bytes(TIFFS[kind])
    assert codes_of(project, back)["screw1_z0001.tif"] in {"unreadable", "shape"}
    (tmp_path / "stack.tif").write_bytes(TIFFS[kind])
    told = in_process(look, tmp_path / "stack.tif")
    assert "stack.tif" in told
    assert "not enough memory" not in told


def hostile_pngs() -> dict[str, bytes]:
    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    def png(width: int, height: int, *chunks: bytes, colour: int = 0) -> bytes:
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")

    rows = chunk(b"IDAT", zlib.compress(bytes(49 * 40)))
    packed = bomb("zlib")
    return {
        "huge": png(10**6, 10**6, rows),
        "as large as may be": png(16384, 16384, rows),
        "in colour": png(16384, 16384, rows, colour=6),
        "text": png(48, 40, chunk(b"zTXt", b"a\0\0" + packed), rows),
        "profile": png(48, 40, chunk(b"iCCP", b"a\0\0" + packed), rows),
        "too few rows": png(48, 40, chunk(b"IDAT", zlib.compress(bytes(49 * 39)))),
    }


PNGS = hostile_pngs()


@pytest.mark.parametrize("kind", PNGS)
def test_pngs(project: Project, back: Path, kind: str) -> None:
    (back / "screw1_z0001.png").write_bytes(PNGS[kind])
    found = codes_of(project, back, unasked=True)
    # What is beside the pixels is not even looked at.
    beside = {"text", "profile"}
    assert set(found.values()) <= {"unreadable", "shape", *(("ok",) if kind in beside else ())}


def test_a_png_with_rows_beyond_its_height(project: Project, asked: Asked, back: Path) -> None:
    """A bomb in IDAT: no more is inflated than the picture has."""
    data = png_of(project, asked[0])
    at = data.index(b"IDAT") - 4
    height, width = right_mask(project, asked[0]).shape
    assert (width + 1) * height < MEGABYTE
    packed = bomb("zlib")
    chunk = b"IDAT" + packed
    length, check = struct.pack(">I", len(packed)), struct.pack(">I", zlib.crc32(chunk))
    (back / f"{asked[0].file_stem(SLICES)}.png").write_bytes(
        data[:at] + length + chunk + check + b"\0\0\0\0IEND\xaeB`\x82"
    )
    codes_of(project, back)  # taken or refused: within the bounds


def test_arrays_that_claim_too_much(project: Project, back: Path) -> None:
    np.save(back / "screw1_z0001.npy", np.zeros((40, 48), np.uint8))
    raw = (back / "screw1_z0001.npy").read_bytes()
    for name, shape in (("a", "(10**6, )"), ("b", "(1000000, 1000000)"), ("c", "(-4, 48)")):
        text = raw.replace(b"(40, 48)", shape.encode())
        (back / f"screw1_z0001{name}.npy").write_bytes(text.replace(b" " * 8, b"", 1))
    (back / "screw1_z0001d.npy").write_bytes(b"\x93NUMPY\2\0\xff\xff\xff\x7f" + b"x" * 99)
    nrrd = b"NRRD0004\ntype: uint8\ndimension: 3\nsizes: 100000 100000 9\nencoding: raw\n\n\0"
    (back / "screw1_z0001e.nrrd").write_bytes(nrrd)
    (back / "screw1_z0001f.nrrd").write_bytes(b"NRRD0004\n" + b"a:=b\n" * 500_000)
    nifti = bytearray(352)
    nifti[0:4], nifti[344:348] = struct.pack("<i", 348), b"n+1\0"
    nifti[40:48] = struct.pack("<4h", 3, 30000, 30000, 30000)
    nifti[70:74], nifti[108:112] = struct.pack("<hh", 2, 8), struct.pack("<f", 352)
    (back / "screw1_z0001g.nii").write_bytes(nifti)
    found = codes_of(project, back, unasked=True)
    assert found.pop("screw1_z0001.npy") == "empty"
    assert set(found.values()) <= {"unreadable", "shape"}
    assert len(found) == 7


def hostile_jsons() -> dict[str, str]:
    image = {"id": 1, "file_name": "screw1_z0001.png", "height": 40, "width": 48}

    def coco(*segmentations: Any, **changes: Any) -> str:
        annotations = [
            {"id": i, "image_id": 1, "category_id": 1, "segmentation": one}
            for i, one in enumerate(segmentations)
        ]
        document = {"images": [{**image, **changes}], "annotations": annotations}
        return json.dumps({**document, "categories": [{"id": 1, "name": "bone"}]})

    runs = {"size": [40, 48], "counts": [1920]}
    return {
        "deep": "[" * 200_000,
        "many lists": "[" + "[]," * 5_000_000 + "[]]",
        "long number": '{"images": [' + "9" * 100_000 + "]}",
        "huge image": coco(runs, height=10**6, width=10**6),
        "largest image": coco({"size": [16384, 16384], "counts": [2**28]}, height=2**14,
                              width=2**14),
        "many regions": coco(*[runs] * 10_001),
        "far away": coco([[0, 0, 1e300, 1e300, 5, 5]]),
        "endless outline": coco([[0, 0, 48, 40] * 200_000]),
        "no number": coco([[0, 0, float("nan"), 3, 5, 5]]),
        "negative run": coco({"size": [40, 48], "counts": [2000, -80]}),
        "overflow": coco({"size": [40, 48], "counts": [2**63 - 1, 2**63 - 1]}),
        "brush": json.dumps([{
            "data": {"image": "screw1_z0001.png"},
            "annotations": [{"id": 1, "result": [{
                "original_height": 40, "original_width": 48, "type": "brushlabels",
                "value": {"format": "rle", "brushlabels": ["bone"],
                          "rle": [255, 255, 255, 255] + [255] * 400},
            }]}],
        }]),
    }  # fmt: skip


JSONS = hostile_jsons()


@pytest.mark.parametrize("kind", JSONS)
def test_jsons(project: Project, back: Path, kind: str) -> None:
    path = back / "export.json"
    path.write_text(JSONS[kind])
    told = in_process(take, project.root, [path], {"unasked": True})
    assert isinstance(told, list)
    [(_, code, message)] = told
    if kind != "far away":  # what of it lies within the picture is drawn
        assert code in {"unreadable", "shape", "too-large", "format"}, (code, message)
    assert "not enough memory" not in message


def test_names_in_archives(project: Project, good: tuple[str, bytes], back: Path) -> None:
    """As hostile as a folder's can be, and some that no folder has."""
    name, data = good
    stem = Path(name).stem.encode()
    raw = [one.replace(b"{}", stem) for one in NAMES] + [b"a\0b_" + stem + b".tif"]
    with zipfile.ZipFile(back / "names.zip", "w") as archive:
        for number, one in enumerate(raw):
            archive.writestr(f"{number}_placeholder_" + one.decode("utf-8", "replace"), data)
    with tarfile.open(back / "names.tar", "w", format=tarfile.GNU_FORMAT) as tar:
        for one in raw:
            info = tarfile.TarInfo(one.decode("utf-8", "surrogateescape"))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    report = project.import_labels(back)
    json.dumps(report.to_json(), ensure_ascii=False).encode()
    assert report.verdicts
    for verdict in report.verdicts:
        assert_harmless(verdict.message)
        verdict.file.encode()
    assert len(report.of("accepted")) == 1
    [label] = project.workspace.store.history().labels
    label.source.encode()


def test_a_damaged_gzip_in_an_archive(project: Project, back: Path) -> None:
    whole = gzip.compress(tarfile.TarInfo("a.png").tobuf() * 50)
    (back / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    assert set(codes_of(project, back).values()) == {"unreadable"}


def test_time_is_bounded_too() -> None:
    """That the limits above are limits."""

    with pytest.raises(AssertionError, match="killed"):
        in_process(_spin)
    with pytest.raises(AssertionError, match="killed"):
        in_process(_hoard)


def _spin(answer: Any) -> None:
    global SECONDS
    SECONDS = 1
    bounded()
    while time.monotonic():
        pass


def _hoard(answer: Any) -> None:
    bounded()
    np.ones(2 * MEMORY, np.uint8)
