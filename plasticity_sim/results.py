"""Results on disk: NetCDF or CSV, written beside the target and renamed, so never half there."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import h5netcdf
import xarray as xr
from xarray.backends import H5NetCDFStore

from plasticity_sim.errors import InputError

ENDINGS = {".nc": "NetCDF", ".csv": "CSV"}


def check_target(path: str, endings: tuple[str, ...] = tuple(ENDINGS)) -> Path:
    """Return the path to write to; InputError before any work if it cannot be written."""
    target = Path(path)
    if target.suffix.lower() not in endings:
        raise InputError(f"'{path}' needs an ending that says the format: {' or '.join(endings)}")
    try:
        target.lstat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as problem:  # a name that no file can have
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(f"'{path}' cannot be written: {reason}") from None
    if target.is_dir():
        raise InputError(f"'{path}' is a folder; give a file name")
    folder = target.parent
    if not folder.is_dir():
        raise InputError(f"the folder '{folder}' does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise InputError(f"the folder '{folder}' cannot be written to")
    return target


def write_result(data: xr.Dataset, path: str, along: str = "sample") -> None:
    """Write NetCDF (.nc), or one long table of what runs `along` a dimension (.csv)."""
    target = check_target(path)
    if target.suffix.lower() == ".nc":
        write_beside(target, lambda file: _write_netcdf(data, file))
    else:
        write_beside(target, lambda file: to_table(data, along).to_csv(file, index=False))


class _Sink(io.FileIO):
    """A file that keeps it to itself when the disk is full: HDF5 ends the process at that."""

    problem: OSError | None = None

    def write(self, data: Any) -> int:
        left = memoryview(data).cast("B")
        while left and self.problem is None:
            try:
                left = left[super().write(left) :]
            except OSError as problem:
                self.problem = problem
        return memoryview(data).nbytes

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as problem:
            self.problem = self.problem or problem
            return size or 0


def _write_netcdf(data: xr.Dataset, path: Path) -> None:
    with _Sink(path, "w+") as sink:
        try:
            with h5netcdf.File(sink, mode="w") as file:
                data.dump_to_store(H5NetCDFStore(file))
        finally:  # what HDF5 makes of a file that lacks parts is of no interest
            if sink.problem is not None:
                raise sink.problem


def to_table(data: xr.Dataset, along: str = "sample"):  # type: ignore[no-untyped-def]
    """Return a pandas table with one row a point; columns carry their unit in brackets."""
    series = data[[n for n, v in data.data_vars.items() if along in v.dims]]
    table = series.to_dataframe().reset_index()
    table = table.dropna(subset=[n for n in series.data_vars if series[n].dtype.kind == "f"],
                         how="all")  # fmt: skip
    units = {str(n): str(v.attrs.get("units", "1")) for n, v in data.variables.items()}
    names = {n: f"{n} ({units[n]})" for n in table.columns if units.get(n, "1") not in ("", "1")}
    return table.drop(columns="sample", errors="ignore").rename(columns=names)


def write_csv(path: Path, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table of texts."""

    def write(file: Path) -> None:
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(headings)
            writer.writerows(rows)

    write_beside(path, write)


def write_beside(target: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `target`, then rename it."""
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=target.suffix)
        os.close(handle)
        temporary = Path(name)
        try:
            write(temporary)
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as problem:
        raise InputError(f"'{target}' cannot be written: {problem.strerror or problem}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
