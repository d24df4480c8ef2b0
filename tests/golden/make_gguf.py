"""Makes gguf/: blocks of every type as llama.cpp quantizes them, numbers as gguf-py reads them, and files as gguf-py writes them.

`python make_gguf.py LIBGGML`, where LIBGGML is libggml-base.so of llama.cpp v0.5.0 (see requirements_gguf.txt).
`python make_gguf.py check FOLDER LIBGGML` checks instead that gguf-py reads what `deno run -A write_gguf.ts FOLDER` wrote as it was
meant, and that llama.cpp quantizes the weights in it to the same blocks.
"""

import ctypes
import hashlib
import importlib.metadata
import json
import sys
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader, GGUFValueType, GGUFWriter, quants
from gguf.constants import GGML_QUANT_SIZES
from safetensors.numpy import save_file

FOLDER = Path(__file__).parent / "gguf"
VERSIONS = {"llama.cpp": "v0.5.0", **{name: importlib.metadata.version(name) for name in ("gguf", "numpy", "safetensors")}}
COLUMNS = 512
QUANTIZED = [Type.Q8_0, Type.Q5_0, Type.Q4_0, Type.Q6_K, Type.Q4_K, Type.Q4_1, Type.Q5_1, Type.Q2_K, Type.Q3_K, Type.Q5_K]
WRITTEN = [Type.F32, Type.F16, Type.BF16, Type.Q8_0, Type.Q5_0, Type.Q4_0, Type.Q6_K, Type.Q4_K]
READ_ONLY = [Type.Q4_1, Type.Q5_1, Type.Q2_K, Type.Q3_K, Type.Q5_K, Type.F64, Type.I8, Type.I16, Type.I32, Type.I64, Type.IQ4_NL]


def weights() -> np.ndarray:
    """Rows of every kind that a quantizer may trip over, [rows, COLUMNS]."""
    random = np.random.default_rng(17)
    normal = random.standard_normal((6, COLUMNS)) * 0.03
    ramp = np.linspace(-1, 1, COLUMNS)
    part = np.repeat(10.0 ** random.integers(-4, 3, COLUMNS // 32), 32)
    sparse = random.standard_normal(COLUMNS) * (random.random(COLUMNS) < 0.05)
    signs = np.where(random.random(COLUMNS) < 0.5, -1.0, 1.0)
    outlier = normal[1].copy()
    outlier[[5, 300]] = 4, -9
    rows = [
        normal[0],
        random.standard_t(2.5, COLUMNS) * 0.02,
        np.abs(normal[2]),
        -np.abs(normal[3]) - 0.5,
        np.round(normal[4] * 60) / 60,
        np.zeros(COLUMNS),
        np.full(COLUMNS, 0.25),
        np.full(COLUMNS, -0.25),
        ramp,
        normal[5] * part,
        sparse,
        signs * 0.01,
        outlier,
        normal[0] * 1e-5,
        normal[1] * 1e-18,
        normal[2] * 1e5,
    ]
    # No -0: for blocks of nothing but zeros gguf-py keeps the sign of the first one, llama.cpp does not.
    return np.stack(rows).astype(np.float32) + np.float32(0)


def quantize(library: ctypes.CDLL, rows: np.ndarray, type: Type) -> np.ndarray:
    """By llama.cpp, without an importance matrix; bytes, [rows, bytes of a row]."""
    block, size = GGML_QUANT_SIZES[type]
    blocks = np.zeros((rows.shape[0], rows.shape[1] // block * size), np.uint8)
    chunk = library.ggml_quantize_chunk
    chunk.restype = ctypes.c_size_t
    chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 3, ctypes.c_void_p]
    written = chunk(type, rows.ctypes.data, blocks.ctypes.data, 0, *rows.shape, None)
    assert written == blocks.size
    try:
        own = quants.quantize(rows, type)
        assert np.array_equal(own, blocks), f"gguf-py and llama.cpp differ: {type.name}"
    except NotImplementedError:
        pass
    return blocks


def random_blocks(type: Type, count: int, random: np.random.Generator) -> np.ndarray:
    """Blocks of random bytes with scales of moderate size."""
    block, size = GGML_QUANT_SIZES[type]
    blocks = random.integers(0, 256, (count, size), np.uint8)
    halves = {Type.Q4_1: 2, Type.Q5_1: 2, Type.Q4_K: 2, Type.Q5_K: 2, Type.Q2_K: 2}.get(type, 1)
    start = {Type.Q2_K: 80, Type.Q3_K: 108, Type.Q6_K: 208}.get(type, 0)
    scales = (random.standard_normal((count, halves)) * 0.1).astype(np.float16)
    blocks[:, start : start + 2 * halves] = scales.view(np.uint8)
    return blocks


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def make_blocks(library: ctypes.CDLL) -> None:
    rows = weights()
    random = np.random.default_rng(18)
    arrays = {"weights": rows}
    digests = {}
    for type in QUANTIZED:
        blocks = quantize(library, rows, type)
        arrays[f"{type.name}.blocks"] = blocks
        digests[type.name] = digest(quants.dequantize(blocks, type))
        # A batch that holds whole blocks of all types: 2 of 256 weights or 16 of 32.
        count = 512 // GGML_QUANT_SIZES[type][0]
        drawn = random_blocks(type, count, random)
        arrays[f"{type.name}.randomBlocks"] = drawn.reshape(-1)
        arrays[f"{type.name}.randomNumbers"] = quants.dequantize(drawn, type).reshape(-1)
    for type in (Type.F16, Type.BF16):
        blocks = quants.quantize(rows, type)
        arrays[f"{type.name}.blocks"] = blocks.view(np.uint8)
        digests[type.name] = digest(quants.dequantize(blocks, type))
    save_file(arrays, FOLDER / "blocks.safetensors", metadata={"versions": json.dumps(VERSIONS)})
    (FOLDER / "blocks.safetensors").chmod(0o644)
    fields = {"versions": VERSIONS, "dequantizedSha256": digests}
    (FOLDER / "blocks.json").write_text(json.dumps(fields, indent=2) + "\n")


def add_metadata(writer: GGUFWriter) -> None:
    """A value of every type and an array of each; the same list stands in tests/formats/gguf/golden_content.ts."""
    writer.add_uint8("type.u8", 255)
    writer.add_int8("type.i8", -128)
    writer.add_uint16("type.u16", 65535)
    writer.add_int16("type.i16", -32768)
    writer.add_uint32("type.u32", 4294967295)
    writer.add_int32("type.i32", -2147483648)
    writer.add_uint64("type.u64", 18446744073709551615)
    writer.add_int64("type.i64", -9223372036854775808)
    writer.add_float32("type.f32", 0.1)
    writer.add_float64("type.f64", 0.1)
    writer.add_bool("type.bool", True)
    writer.add_string("type.string", "Ünïcode, \U0001f525\n{{ bos_token }}")
    for name, sub_type, values in (
        ("u32s", GGUFValueType.UINT32, [0, 1, 4294967295]),
        ("i32s", GGUFValueType.INT32, [-1, 0, 2147483647]),
        ("f32s", GGUFValueType.FLOAT32, [0.5, -1e30, 0.1]),
        ("bools", GGUFValueType.BOOL, [True, False, True]),
        ("texts", GGUFValueType.STRING, ["", "a", "Ġthe", "\U0001f525"]),
    ):
        writer.add_key_value(f"array.{name}", values, GGUFValueType.ARRAY, sub_type=sub_type)


def make_files(library: ctypes.CDLL) -> None:
    rows = weights()[[0, 1, 8]]
    for name, types, alignment in (("written", WRITTEN, 64), ("read_only", READ_ONLY, None)):
        writer = GGUFWriter(FOLDER / f"{name}.gguf", "test")
        if alignment is not None:
            writer.add_custom_alignment(alignment)
        add_metadata(writer)
        for type in types:
            if type.name[0] == "I" and type.name[1] != "Q":
                numbers = np.arange(-2, 3).astype(f"int{type.name[1:]}")
                writer.add_tensor(type.name, numbers)
            elif type == Type.F64:
                writer.add_tensor(type.name, rows[:1, :32].astype(np.float64) / 3)
            elif type in (Type.F32, Type.F16, Type.BF16):
                data = quants.quantize(rows[:, :7], type) if type != Type.F32 else rows[:, :7].copy()
                writer.add_tensor(type.name, data, raw_dtype=type)
            else:
                columns = 256 if GGML_QUANT_SIZES[type][0] == 256 else 32
                data = quantize(library, rows[:, :columns].copy(), type) if type != Type.IQ4_NL else np.zeros((1, 18), np.uint8)
                writer.add_tensor(type.name, data, raw_dtype=type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def check(folder: Path, library: ctypes.CDLL) -> None:
    """That gguf-py reads Kiln's files as the values beside them in JSON, and that tensors named alike agree with their F32."""
    for expected_file in sorted(folder.glob("*.json")):
        expected = json.loads(expected_file.read_text())
        path = expected_file.with_suffix(".gguf")
        reader = GGUFReader(path)
        found = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("GGUF.")}
        wanted = {key: int(value["bigint"]) if isinstance(value, dict) else value for key, value in expected["metadata"].items()}
        assert list(found) == list(wanted), f"{path}: metadata {list(found)}, expected {list(wanted)}"
        for key, value in wanted.items():
            assert found[key] == value, f"{path}: {key} is {found[key]}, expected {value}"
        assert [tensor.name for tensor in reader.tensors] == list(expected["tensors"]), f"{path}: names of tensors"
        for tensor in reader.tensors:
            want = expected["tensors"][tensor.name]
            assert tensor.tensor_type.name == want["type"], f"{path}: {tensor.name} is {tensor.tensor_type.name}"
            assert tensor.shape.tolist()[::-1] == want["shape"], f"{path}: {tensor.name} is {tensor.shape}"
            numbers = quants.dequantize(np.ascontiguousarray(tensor.data), tensor.tensor_type)
            assert digest(numbers.astype(np.float32)) == want["sha256"], f"{path}: {tensor.name} holds other numbers"
        blocks = {tensor.name: tensor.data for tensor in reader.tensors}
        compared = 0
        for name, data in blocks.items():
            type, weights_name = name.split(".")
            if Type[type] not in QUANTIZED:
                continue
            rows = np.ascontiguousarray(blocks[f"F32.{weights_name}"])
            rows = rows.reshape(-1, rows.shape[-1])
            expected_blocks = quantize(library, rows, Type[type])
            assert np.array_equal(data.reshape(-1), expected_blocks.reshape(-1)), f"{path}: llama.cpp makes other blocks of {name}"
            compared += rows.size
        print(f"{path.name}: {compared} weights quantized as by llama.cpp")
        print(f"{path.name}: {len(found)} entries and {len(reader.tensors)} tensors as expected")


if __name__ == "__main__":
    if sys.argv[1] == "check":
        check(Path(sys.argv[2]), ctypes.CDLL(sys.argv[3]))
    else:
        FOLDER.mkdir(exist_ok=True)
        ggml = ctypes.CDLL(sys.argv[1])
        make_blocks(ggml)
        make_files(ggml)
        for file in sorted(FOLDER.iterdir()):
            print(file.name, file.stat().st_size)
