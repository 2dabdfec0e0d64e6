"""Builds the fuzz targets with instrumentation and runs them, two at a time, from corpora of small images.

    python tests/fuzz/run.py [--seconds 60] [--seed 1] [TARGET ...]

Exits with 1 when an input breaks what src/lib.rs asks; the input is kept in target/fuzz/findings. Needs a C++ compiler
for libFuzzer; without one it says so and exits with 0, or with 1 where LOOKALIKE_FUZZ is `required`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = ROOT / "target" / "fuzz"
GOLDEN = ROOT / "crates" / "encoder" / "tests"
TARGETS = ["jpeg", "png", "webp", "gif", "bmp", "tiff", "avif", "embed", "table"]
ENDINGS = {"table": [".csv", ".xml"], "jpeg": [".jpg", ".jpeg"], "tiff": [".tif", ".tiff"]}
AT_ONCE = 2
# Larger ones take long and show little more.
MAX_BYTES = 40_000
# Coverage that libFuzzer reads, as cargo-fuzz has it.
INSTRUMENTED = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=16",
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", default=TARGETS, metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="how long each target runs")
    parser.add_argument("--seed", type=int, default=1, help="where libFuzzer's randomness starts")
    arguments = parser.parse_args()
    if not any(map(shutil.which, ["c++", "g++", "clang++"])):
        print("fuzzing is skipped: libFuzzer needs a C++ compiler (Debian: apt-get install g++)")
        return os.environ.get("LOOKALIKE_FUZZ") == "required"
    programs = build()
    samples = drawn_samples()

    def run(target):
        return fuzz(target, programs / target, samples, arguments)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(run, arguments.targets or TARGETS))
    return 0 if all(results) else 1


def build():
    """The folder of the instrumented programs."""
    host = subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE, text=True).stdout
    host = re.search(r"host: (\S+)", host)[1]
    # With a target named, what runs while building is not instrumented.
    command = ["cargo", "build", "--bins", "--target", host, "--target-dir", WORK / "build"]
    flags = {"CARGO_ENCODED_RUSTFLAGS": "\x1f".join(INSTRUMENTED)}
    subprocess.run(command, check=True, cwd=HERE, env=os.environ | flags)
    return WORK / "build" / host / "debug"


# Tables that lead to every format and every type of column.
TABLES = {
    "plain.csv": 'product_id;price;date;sold;image\na;"1.299,00 €";31.12.2024;true;./x/a.jpg|b%20c.jpg\nb;19,99;1.1.2025;;\n',
    "google.csv": "id\ttitle\timage link\tprice\nA\tShoe\thttps://x/a.jpg\t19.99 EUR\n",
    "shopify.csv": "Handle,Title,Option1 Name,Option1 Value,Variant Price,Image Src\na,A,Size,1,5,https://x/1\na,,,2,6,\n",
    "woocommerce.csv": "ID,Type,SKU,Name,Regular price,Categories,Images,Parent\n1,variable,A,A,,x,,\n2,variation,,,5,,,A\n",
    "rss.xml": "<rss><item><g:id>1</g:id><title>a &amp; b</title><link><![CDATA[x]]></link></item></rss>",
    "windows.csv": "sep=,\nproduct_id,n\n1,gr\xfcn\n",
}


def drawn_samples():
    """Small images in the formats of which the tests have few files, and in several kinds of each, and tables."""
    folder = WORK / "drawn"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in TABLES.items():
        (folder / name).write_bytes(text.encode("latin-1" if name == "windows.csv" else "utf-8"))
    image = Image.radial_gradient("L").resize((37, 29))
    color = Image.merge("RGB", [image, image.transpose(0), image.transpose(1)])
    kinds = {
        "bmp": [{}],
        "tiff": [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}, {"compression": "packbits"}],
        "gif": [{}, {"interlace": 0}],
        "webp": [{}, {"lossless": True}],
        "jpeg": [{}, {"progressive": True}, {"subsampling": "4:2:2", "optimize": True}, {"restart_marker_blocks": 2}],
        "png": [{}],
    }
    for ending, options in kinds.items():
        for number, option in enumerate(options):
            for mode in ["L", "RGB", "P", "1", "RGBA", "CMYK"]:
                try:
                    color.convert(mode).save(folder / f"{mode}-{number}.{ending}", **option)
                except (OSError, ValueError, KeyError):
                    # Not every format has every mode.
                    (folder / f"{mode}-{number}.{ending}").unlink(missing_ok=True)
    return folder


def corpus_of(target, samples):
    """A folder with the files that a target starts from, and with what it found before."""
    corpus = WORK / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    folders = [GOLDEN, samples]
    endings = ENDINGS.get(target, [f".{target}"])
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            wanted = target == "embed" or path.suffix in endings
            is_image = path.suffix not in [".py", ".rs", ".json", ".txt", ".onnx", ".pyc"]
            if path.is_file() and wanted and is_image and path.stat().st_size <= MAX_BYTES:
                shutil.copyfile(path, corpus / f"{folder.name}-{path.name}")
    return corpus


def fuzz(target, program, samples, arguments):
    """Whether no input broke anything; prints what was run."""
    findings = WORK / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    command = [
        program,
        corpus_of(target, samples),
        f"-seed={arguments.seed}",
        f"-max_total_time={arguments.seconds}",
        f"-max_len={MAX_BYTES}",
        f"-artifact_prefix={findings}/{target}-",
        # Of a hang. What work may take is checked in processor time, whatever else the machine does.
        "-timeout=300",
        "-rss_limit_mb=4096",
        "-print_final_stats=1",
    ]
    log = WORK / f"{target}.log"
    with log.open("w") as output:
        ended = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT)
    text = log.read_text(errors="replace")
    coverage = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", text)
    runs = re.findall(r"stat::number_of_executed_units: (\d+)", text)
    covered = "{} edges, {} features, corpus of {}".format(*coverage[-1]) if coverage else "nothing covered"
    print(f"{target}: {runs[-1] if runs else '?'} runs in {arguments.seconds} s, {covered}", flush=True)
    if ended.returncode:
        print("\n".join(text.splitlines()[-40:]))
        print(f"{target}: FAILED, see {log.relative_to(ROOT)}", flush=True)
    return ended.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
