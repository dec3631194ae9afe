"""What a file is, told from its bytes alone, and whether anybody can read it.

Names and media types are what somebody wrote; a web page saved as `invoice.pdf` is a web page. `filetype` knows the
signatures of containers, pypdf opens PDFs; what has no signature is text or unknown. It runs nothing that it finds and
gives no content on. Used by `attachments`.
"""

from __future__ import annotations

import io
import logging
import re
import zipfile

from mdfsync.model import FileKind

HEAD = 8192
_ENCRYPTED_OFFICE = "EncryptedPackage".encode("utf-16-le")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PAGE = re.compile(
    rb"\s*(<!--.*?-->\s*)*(<\?xml[^>]*\?>\s*)?<(!doctype\s+html|html|head|body|svg|!doctype\s+svg)\b", re.S
)
_MAIL = re.compile(rb"(?:[A-Za-z][A-Za-z0-9-]*:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2,}\r?\n")
_MAIL_FIELDS = re.compile(rb"^(from|to|subject|date|received|message-id):", re.I | re.M)
_DOCUMENTS = frozenset({"doc", "docx", "odt", "ods", "odp", "xls", "xlsx", "ppt", "pptx", "rtf", "epub"})
_PROGRAMS = frozenset({"exe", "elf", "swf", "dex", "dey", "crx", "ps"})


def look(data: bytes) -> tuple[FileKind, str, str]:
    """(kind, format, fault) of a file's bytes; the fault is a sentence's end ("it is empty" without "it is")."""
    if not data.strip(b"\x00 \t\r\n"):
        return "unknown", "", "empty"
    kind, format = _signature(data)
    return kind, format, _fault(data, kind, format)


def _signature(data: bytes) -> tuple[FileKind, str]:
    import filetype

    found = filetype.guess(data)
    if found is None or found.extension == "xml":
        return _without_signature(data)
    format, family = str(found.extension), str(found.mime).split("/")[0]
    if format == "pdf":
        return "pdf", format
    if format in _DOCUMENTS:
        return "document", format
    if format in _PROGRAMS:
        return "program", format
    families: dict[str, FileKind] = {"image": "picture", "video": "video", "audio": "sound"}
    return families.get(family, "archive"), format


def _without_signature(data: bytes) -> tuple[FileKind, str]:
    head = data[:HEAD]
    if data.startswith(_OLE):
        return "document", "ole"
    if data.startswith((b"II*\x00", b"MM\x00*")):
        return "picture", "tif"
    plain = head.removeprefix(b"\xef\xbb\xbf")
    if _PAGE.match(plain.lower()):
        return "web page", "html"
    if not _is_text(head):
        return "unknown", ""
    if plain.startswith(b"#!"):
        return "program", "sh"
    if _MAIL.match(plain + b"\n\n") and _MAIL_FIELDS.search(plain):
        return "e-mail", "eml"
    return "text", "txt"


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head)


def _fault(data: bytes, kind: FileKind, format: str) -> str:
    if kind == "pdf":
        return _pdf_fault(data)
    if kind == "document" and data.startswith(b"PK"):
        return _zip_fault(data)
    if data.startswith(_OLE):
        return "encrypted" if _ENCRYPTED_OFFICE in data else ""
    if format == "jpg" and b"\xff\xd9" not in data[-65536:]:
        return "cut off"
    if format == "png" and b"IEND" not in data[-64:]:
        return "cut off"
    return ""


def _pdf_fault(data: bytes) -> str:
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it would tell of every oddity, with content
    if b"%%EOF" not in data[-2048:]:
        return "cut off"
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            return "encrypted"
        return "" if len(reader.pages) else "without a page"
    except Exception:  # noqa: BLE001 - a damaged file may fail in any way, and that is the answer
        return "damaged"


def _zip_fault(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            return "encrypted" if any(part.flag_bits & 1 for part in parts.infolist()) else ""
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return "cut off"
