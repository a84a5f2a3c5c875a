"""A machine on which bpy cannot be imported: nothing fails, and what is missing is named."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MISSING = "libXi.so.6: cannot open shared object file: No such file or directory"


def outcome_with_bpy(code, folder):
    """What pytest says of a few of these tests where bpy is that code."""
    (folder / "bpy.py").write_text(code)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    command = [sys.executable, "-m", "pytest", "-n0", "-rs", "-p", "no:cacheprovider", "tests/blender/test_zip.py"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = kept | {"TEXNET_BPY_PYTHON": str(python)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_missing_library_is_named_with_the_packages_that_have_it(tmp_path):
    said = outcome_with_bpy(f"raise ImportError({MISSING!r})", tmp_path)
    assert re.search(r"\b[1-9]\d* skipped\b", said) and "passed" not in said
    assert MISSING in said and "apt-get install" in said and "libxi6" in said


def test_a_bpy_that_cannot_be_imported_for_another_reason_is_no_failure_either(tmp_path):
    said = outcome_with_bpy("raise ImportError('it is for another Python')", tmp_path)
    assert "it is for another Python" in said and "passed" not in said and "apt-get" not in said
