"""The papers of the story: one-page PDF files (signed charters, invoices, photos' cover sheets) made of
text lines.

A paper is a pure function of its lines, so its hash is the same in every world of the same day. Real PDF,
small enough to be written by hand; any reader can open and merge it.
"""

from __future__ import annotations

from collections.abc import Sequence

MEDIA_TYPE = "application/pdf"
_PAGE = (595, 842)


def paper(lines: Sequence[str]) -> bytes:
    """An A4 page with the lines, the first one large. Letters outside Windows-1252 become `?`."""
    text = ["BT", "/F1 18 Tf", "56 770 Td"]
    for number, line in enumerate(lines):
        if number == 1:
            text += ["/F1 11 Tf", "0 -12 Td"]
        text += [f"({_escaped(line)}) Tj", "0 -20 Td"]
    stream = "\n".join([*text, "ET"]).encode("cp1252", "replace")
    width, height = _PAGE
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Contents 4 0 R "
        "/Resources << /Font << /F1 5 0 R >> >> >>".encode(),
        f"<< /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    return _file(objects)


def _escaped(line: str) -> str:
    return line.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
