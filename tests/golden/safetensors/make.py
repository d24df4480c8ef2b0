# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6", "ml_dtypes==0.6.0", "safetensors==0.8.0"]
# ///
"""Makes every_dtype.safetensors with the reference implementation.

It holds every dtype that is read, names in several scripts, a scalar, empty tensors, and float32 numbers with the float16 and
bfloat16 numbers to which NumPy and ml_dtypes round them. Run it in this folder: `uv run make.py`.
"""

import ml_dtypes
import numpy as np
from safetensors.numpy import save

random = np.random.default_rng(42)
bits = random.integers(0, 2**32, 1024, dtype=np.uint32)
# Exponents where the 16-bit formats live, ties, and the edges: zeros, infinities, NaN, smallest and largest numbers.
near = (random.integers(0, 2**32, 1024, dtype=np.uint32) & np.uint32(0x87FFFFFF)) | np.uint32(0x38000000)
ties = (near & np.uint32(0xFFFF0000)) | np.uint32(0x8000)
ties16 = (near & np.uint32(0xFFFFE000)) | np.uint32(0x1000)
subnormal = np.float32(2**-24) * random.integers(-4096, 4096, 512).astype(np.float32) / 4
edges = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, 65504, 65519.99, 65520, 3.4028235e38, 1e-45, 2**-24, 2**-25, 2**-25 * 1.0001, 1, -1],
    np.float32,
)
np.seterr(all="ignore")
source = np.concatenate([bits.view(np.float32), near.view(np.float32), ties.view(np.float32), ties16.view(np.float32), subnormal, edges])
source = np.where(np.isnan(source), np.float32(np.nan), source)

tensors = {
    "half.source": source,
    "half.float16": source.astype(np.float16),
    "half.bfloat16": source.astype(ml_dtypes.bfloat16),
    "z.f64": np.array([[1.5, -2.5], [1e300, np.pi]]),
    "i64": np.array([2**62, -1], np.int64),
    "i32": np.arange(-3, 3, dtype=np.int32).reshape(2, 3),
    "i16": np.array([-32768, 32767], np.int16),
    "i8": np.array([[-128], [127], [0]], np.int8),
    "u8": np.array([0, 255], np.uint8),
    "bool": np.array([True, False, True]),
    "scalar": np.array(7.0, np.float32),
    "empty": np.zeros((0, 4), np.float32),
    "10": np.ones(1, np.float32),
    "9": np.ones(1, np.float32),
    "ключ 鍵 \U0001f511": np.array([1], np.int32),
    "\uffee\tcontrol \"quoted\" \\": np.array([2], np.int32),
}
with open("every_dtype.safetensors", "wb") as file:
    file.write(save(tensors, {"format": "pt"}))
