"""Runs the jobs with the Python package `lakefs`."""

import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lakefs

CONCURRENCY = 25


def upload(branch, file, path):
    with open(file, "rb") as source, branch.object(path).writer(mode="wb", pre_sign=False) as target:
        shutil.copyfileobj(source, target, 1 << 20)


def download(branch, path, file):
    with branch.object(path).reader(mode="rb", pre_sign=False) as source, open(file, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)


def main(repository, branch, job, *args):
    branch = lakefs.repository(repository).branch(branch)
    if job == "upload":
        upload(branch, args[0], args[1])
    elif job == "download":
        download(branch, args[0], args[1])
    elif job == "upload-dir":
        directory, prefix = Path(args[0]), args[1]
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            list(pool.map(lambda file: upload(branch, file, prefix + file.name), directory.iterdir()))
    elif job == "download-dir":
        prefix, directory = args[0], Path(args[1])
        os.makedirs(directory, exist_ok=True)
        paths = [each.path for each in branch.objects(prefix=prefix)]
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            list(pool.map(lambda path: download(branch, path, directory / path.removeprefix(prefix)), paths))
    elif job == "list":
        prefix, pause = args[0], int(args[1]) / 1e6
        count = 0
        for count, _ in enumerate(branch.objects(prefix=prefix), 1):
            if count % 1000 == 0:
                time.sleep(pause)
        print(count)
    elif job == "stats":
        for number in range(int(args[1])):
            branch.object(f"{args[0]}{number:05}").stat()
    else:
        sys.exit(f"unknown job {job}")


main(*sys.argv[1:])
