"""What a file is by its bytes, and whether anybody can read it."""

from __future__ import annotations

import io
import struct
import zipfile

import openpyxl
import pytest
from evidence_lab import pdf

from mdfsync.edge.file_content import look


def workbook() -> bytes:
    out = io.BytesIO()
    openpyxl.Workbook().save(out)
    return out.getvalue()


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parts:
        parts.writestr("invoice.txt", "paid")
    return out.getvalue()


PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 4, 4) + b"pixels" + b"\0\0\0\0IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"pixels" * 20 + b"\xff\xd9"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
MAIL = b"From: lena@fernway.example\r\nSubject: approved\r\n\r\nYes.\r\n"


@pytest.mark.parametrize(
    "data, kind, format, fault",
    [
        (pdf(), "pdf", "pdf", ""),
        (pdf(""), "pdf", "pdf", ""),
        (pdf("secret"), "pdf", "pdf", "encrypted"),
        (pdf("secret", "RC4-128"), "pdf", "pdf", "encrypted"),
        (pdf(pages=0), "pdf", "pdf", "without a page"),
        (pdf()[:-200], "pdf", "pdf", "cut off"),
        (b"%PDF-1.7\nno objects at all\n%%EOF", "pdf", "pdf", "damaged"),
        (PNG, "picture", "png", ""),
        (PNG[:30], "picture", "png", "cut off"),
        (JPEG, "picture", "jpg", ""),
        (JPEG[:-2], "picture", "jpg", "cut off"),
        (b"II*\x00\x08\x00\x00\x00", "picture", "tif", ""),
        (workbook(), "document", "xlsx", ""),
        (workbook()[:-60], "document", "xlsx", "cut off"),
        (OLE, "document", "ole", ""),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "document", "ole", "encrypted"),
        (b"<!DOCTYPE html><html><body>Sign in", "web page", "html", ""),
        (b"\xef\xbb\xbf\n<!-- saved --><HTML lang=en>", "web page", "html", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "web page", "html", ""),
        (b"Company,Contact\nAcme,Ana\n", "text", "txt", ""),
        ("Gäste: Ümit".encode(), "text", "txt", ""),
        (MAIL, "e-mail", "eml", ""),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00isommp42", "video", "mp4", ""),
        (b"ID3\x03\x00\x00\x00\x00\x00\x00", "sound", "mp3", ""),
        (zipped(), "archive", "zip", ""),
        (b"MZ\x90\x00" + bytes(range(200)), "program", "exe", ""),
        (b"#!/bin/sh\nrm -rf /\n", "program", "sh", ""),
        (bytes(range(1, 30)) * 9, "unknown", "", ""),
        (b"", "unknown", "", "empty"),
        (b"\x00 \r\n\x00", "unknown", "", "empty"),
    ],
)
def test_a_file_is_what_its_bytes_say(data: bytes, kind: str, format: str, fault: str) -> None:
    assert look(data) == (kind, format, fault)
