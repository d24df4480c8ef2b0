"""Writes two encrypted PDFs: one that asks for a password, and one that every viewer opens (an owner's password only).

python3.11 -m venv venv && venv/bin/pip install pypdf==6.4.0 cryptography==50.0.2
venv/bin/python make_encrypted_pdfs.py

Keys are random, so the bytes differ from run to run.
"""

from pathlib import Path

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

FOLDER = Path(__file__).parent


def write(name: str, user_password: str) -> None:
    writer = PdfWriter()
    page = writer.add_blank_page(width=595, height=842)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): writer._add_object(font)})}
    )
    content = DecodedStreamObject()
    content.set_data(b"BT /F1 12 Tf 1 0 0 1 72 700 Tm (The burrow has two exits.) Tj ET")
    page[NameObject("/Contents")] = writer._add_object(content)
    writer.encrypt(user_password=user_password, owner_password="owner", algorithm="AES-256")
    with open(FOLDER / name, "wb") as file:
        writer.write(file)


write("asks_for_password.pdf", "secret")
write("owner_password_only.pdf", "")
