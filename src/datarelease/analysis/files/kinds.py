"""Content types: by the ending of a name, or by the first bytes.

Belongs here: the table of endings, and the one import of `filetype`, which knows the first bytes.
The table is ours, since that of Python's `mimetypes` differs between its versions and operating
systems, and statistics are equal for equal files. Names are those that IANA registered; where there
is none, those in common use.
"""

from __future__ import annotations

import codecs
from pathlib import PurePosixPath

import filetype

from datarelease.model.data.files import ANY_KIND

HEAD = 8192
"""Bytes at the start of a file that are looked at."""

_KINDS = {
    "image/png": "png", "image/jpeg": "jpg jpeg jpe jfif", "image/gif": "gif",
    "image/webp": "webp", "image/avif": "avif", "image/heic": "heic heif",
    "image/bmp": "bmp dib", "image/tiff": "tif tiff", "image/svg+xml": "svg",
    "image/x-icon": "ico", "image/jp2": "jp2", "image/jxl": "jxl",
    "image/vnd.adobe.photoshop": "psd", "application/dicom": "dcm dicom", "audio/mpeg": "mp3",
    "audio/x-wav": "wav", "audio/x-flac": "flac", "audio/ogg": "ogg oga opus",
    "audio/mp4": "m4a", "audio/aac": "aac", "audio/midi": "mid midi",
    "audio/x-aiff": "aif aiff", "video/mp4": "mp4 m4v", "video/quicktime": "mov",
    "video/webm": "webm", "video/x-matroska": "mkv", "video/x-msvideo": "avi",
    "video/mpeg": "mpg mpeg", "text/plain": "txt text log", "text/markdown": "md markdown",
    "text/html": "html htm", "text/css": "css", "text/csv": "csv",
    "text/tab-separated-values": "tsv tab", "text/javascript": "js mjs", "text/x-python": "py",
    "text/x-rst": "rst", "application/rtf": "rtf", "text/vtt": "vtt", "text/x-tex": "tex",
    "application/x-subrip": "srt", "application/xml": "xml xsd xsl", "application/json": "json",
    "application/x-ndjson": "jsonl ndjson", "application/geo+json": "geojson",
    "application/yaml": "yaml yml", "application/toml": "toml", "application/sql": "sql",
    "application/pdf": "pdf", "application/epub+zip": "epub", "application/msword": "doc",
    "application/vnd.ms-excel": "xls", "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods", "application/zip": "zip",
    "application/gzip": "gz tgz", "application/x-bzip2": "bz2", "application/x-xz": "xz",
    "application/zstd": "zst", "application/x-tar": "tar", "application/x-7z-compressed": "7z",
    "application/x-rar-compressed": "rar", "application/vnd.apache.parquet": "parquet pq",
    "application/vnd.apache.arrow.file": "arrow feather", "application/vnd.apache.avro": "avro",
    "application/x-hdf5": "h5 hdf5 hdf", "application/x-netcdf": "nc",
    "application/x-numpy": "npy npz", "application/x-pickle": "pkl pickle",
    "application/vnd.sqlite3": "sqlite sqlite3 db", "application/x-onnx": "onnx",
    "application/x-pytorch": "pt pth", "application/x-safetensors": "safetensors",
    "application/x-gguf": "gguf", "application/x-tfrecord": "tfrecord tfrecords",
    "application/x-keras": "keras", "application/x-joblib": "joblib",
    "application/wasm": "wasm", "application/x-shapefile": "shp",
    "application/geopackage+sqlite3": "gpkg", "application/vnd.google-earth.kml+xml": "kml",
    "application/vnd.las": "las laz", "model/gltf-binary": "glb", "model/gltf+json": "gltf",
    "model/obj": "obj", "model/stl": "stl", "application/x-ply": "ply",
    "application/x-fasta": "fasta fa", "application/x-fastq": "fastq fq", "font/ttf": "ttf",
    "font/otf": "otf", "font/woff": "woff", "font/woff2": "woff2",
}  # fmt: skip
_BY_ENDING = {ending: kind for kind, endings in _KINDS.items() for ending in endings.split()}
KNOWN = tuple(_KINDS)
"""Content types that an ending stands for."""

_SAME = {
    "image/apng": "image/png", "image/jpx": "image/jp2", "video/x-m4v": "video/mp4",
    "application/x-sqlite3": "application/vnd.sqlite3",
}  # fmt: skip
"""Names of `filetype` for kinds that are called otherwise here."""
_SIGNED = frozenset(
    {
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff",
        "image/vnd.adobe.photoshop", "audio/x-wav", "audio/x-flac", "audio/ogg",
        "application/pdf", "application/zip", "application/gzip", "application/x-bzip2",
        "application/x-xz", "application/x-7z-compressed", "application/x-rar-compressed",
        "application/vnd.sqlite3", "video/webm", "video/x-matroska", "video/x-msvideo",
    }
)  # fmt: skip
"""Kinds of which every file begins with bytes that `filetype` knows."""
_CONTAINERS = frozenset({"application/zip", "application/gzip", "application/vnd.sqlite3"})
"""Formats in which others are packed: there the ending says more."""


def kind_by_ending(name: str) -> str:
    """The content type that the ending of a name stands for.

    >>> kind_by_ending("a/cat.JPG"), kind_by_ending("LICENSE")
    ('image/jpeg', 'application/octet-stream')
    """
    return _BY_ENDING.get(PurePosixPath(name).suffix[1:].lower(), ANY_KIND)


def content_type(name: str, head: bytes) -> str:
    r"""The content type of a file with this name and these first bytes, which decide.

    Texts have no such bytes: there the ending says what they are. Bytes that the kind of the ending
    never begins with are of no known kind.

    >>> content_type("cat.png", b"\xff\xd8\xff\xe0\x00\x10JFIF"), content_type("cat.png", b"<html>")
    ('image/jpeg', 'application/octet-stream')
    """
    named = kind_by_ending(name)
    if named not in {*_SIGNED, ANY_KIND} and _is_text(head):
        return named  # a text may begin with the letters of a signature
    found = filetype.guess(head)
    if found is None:
        return ANY_KIND if named in _SIGNED else named
    kind = _SAME.get(found.mime, found.mime)
    packed = kind in _CONTAINERS or kind.startswith("application/font-")
    return named if packed and named not in {*_SIGNED, ANY_KIND} else str(kind)


def _is_text(head: bytes) -> bool:
    """UTF-8 without control characters that no text has; a character may be cut at the end."""
    if b"\0" in head:
        return False
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
    except UnicodeDecodeError:
        return False
    return bool(head)
