"""Every reader against damaged files, for as long as one likes, led by atheris's coverage.

    pip install atheris
    python -m benchmarks.fuzz_readers [--minutes 35] [--to DIR]

Only altui's own errors may come out, within 10 s and 2 GB for a file. Whatever else does
is kept in DIR, one file for each place it was raised at, with its traceback beside it; a
crash or a file that takes too long ends the process, is kept too, and a new one goes on.
Files that one goes to new places with are kept in DIR/corpus, and the next run begins with them.
"""

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

SECONDS, MEGABYTES = 10, 2048  # for one file
# Slow ones, and those that wrap what others read anyway, less often.
SHARES = {"tif": 6, "stack.tif": 5, "png": 4, "nrrd": 4, "json": 5, "nii": 3, "npy": 3, "name": 3}


def child(folder: Path, seconds: int) -> None:
    """One process of atheris; the first byte of its data says the kind."""
    import atheris

    with atheris.instrument_imports(include=["altui", "nrrd"]):
        from tests.fuzz.damage import damaged
        from tests.fuzz.seeds import seeds
        from tests.fuzz.target import read

    known = seeds()
    kinds = list(known)
    place = Path(tempfile.mkdtemp(dir=os.environ["TMPDIR"]))
    for kind, files in known.items():
        for file in files:
            read(kind, file, place)  # so that what is imported late is so by now
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    counted: Counter[str] = Counter()
    log = (folder / "counts").open("a")

    def one(data: bytes) -> None:
        if not data:
            return
        kind = kinds[data[0] % len(kinds)]
        try:
            read(kind, data[1:], place)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            keep(folder, kind, data[1:], error)
        counted[kind] += 1
        if not counted.total() % 500:
            log.write(" ".join(f"{key}={value}" for key, value in counted.items()) + "\n")
            log.flush()
            counted.clear()

    def another(data: bytes, longest: int, seed: int) -> bytes:
        chance = random.Random(seed)
        if not data or chance.random() < 0.1:
            [kind] = chance.choices(kinds, [SHARES.get(one, 1) for one in kinds])
            number, raw = kinds.index(kind), chance.choice(known[kind])
        else:
            number, raw = data[0] % len(kinds), data[1:]
        if chance.random() < 0.2:
            raw = atheris.Mutate(raw, longest - 1)
        else:
            raw = damaged(kinds[number], raw, chance.choice(known[kinds[number]]), chance)
        return (bytes([number]) + raw)[:longest]

    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    for number, kind in enumerate(kinds):
        for which, file in enumerate(known[kind]):
            (corpus / f"{kind}-{which}").write_bytes(bytes([number]) + file)
    options = [
        *(f"-max_total_time={seconds}", f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}"),
        *("-max_len=20000", "-len_control=0", "-verbosity=0", f"-artifact_prefix={folder}/"),
    ]
    atheris.Setup([sys.argv[0], str(corpus), *options], one, custom_mutator=another)
    atheris.Fuzz()


def keep(folder: Path, kind: str, data: bytes, error: BaseException) -> None:
    """The file and its traceback, once for each place in the code."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    name = f"{kind}-{type(error).__name__}-{Path(last.filename).stem}-{last.lineno}"
    if not (folder / name).exists():
        (folder / name).write_bytes(data)
        (folder / f"{name}.txt").write_text("".join(traceback.format_exception(error)), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=35)
    parser.add_argument("--to", type=Path, default=Path("build/fuzz"))
    parser.add_argument("--child", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    folder = given.to.absolute()
    if given.child:
        child(folder, given.child)
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "counts").unlink(missing_ok=True)
    begin, ends = time.monotonic(), []
    with tempfile.TemporaryDirectory(dir="/dev/shm") as scratch, (folder / "log").open("w") as log:
        while (left := given.minutes * 60 - (time.monotonic() - begin)) > 5:
            again = [sys.executable, "-m", "benchmarks.fuzz_readers", "--to", str(folder)]
            ends.append(
                subprocess.run(
                    [*again, "--child", str(int(left))],
                    env={**os.environ, "TMPDIR": scratch},
                    stdout=log,
                    stderr=log,
                    check=False,
                ).returncode
            )
            if not (folder / "counts").exists():
                sys.exit(f"it did not even begin: {folder}/log")
    counts: Counter[str] = Counter()
    for line in (folder / "counts").read_text().splitlines():
        for word in line.split():
            kind, number = word.split("=")
            counts[kind] += int(number)
    found = sorted(one.name for one in folder.glob("*-*") if one.suffix != ".txt")
    print(f"{counts.total():,} executions in {(time.monotonic() - begin) / 60:.0f} minutes")
    print(", ".join(f"{kind} {number:,}" for kind, number in counts.most_common()))
    print(f"{len(ends)} processes (ended with {sorted(set(ends))}), findings: {found or 'none'}")


if __name__ == "__main__":
    main()
