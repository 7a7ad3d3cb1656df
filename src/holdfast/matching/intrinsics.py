"""Machine operations that Numba has no words for: bit counts, prefetch, compares of many lanes at once.

Each is a few lines of LLVM, so LLVM chooses the instructions: AVX-512 where the processor has it,
AVX2, SSE or NEON elsewhere. A kernel bakes these in when it is compiled, and Numba's cache does not
watch this file: after a change here, touch the files of the kernels too.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, register_jitable

__all__ = ["bit_count", "chunk_bits", "near_rows", "near_signatures", "prefetch", "trailing_zeros"]

_I16 = ir.IntType(16)
_I32 = ir.IntType(32)
_I64 = ir.IntType(64)


def _address(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Pointer to the element `index` of an array's data, no bounds checked."""
    data = context.make_array(array_type)(context, builder, value=array).data
    return builder.gep(data, [index])


def _vector_popcount(builder: Any, lanes: Any) -> Any:
    name = f"llvm.ctpop.v{lanes.type.count}i{lanes.type.element.width}"
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(lanes.type, [lanes.type]), name)
    return builder.call(function, [lanes])


def _splat(builder: Any, scalar: Any, count: int) -> Any:
    vector = ir.VectorType(scalar.type, count)
    first = builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, _I32(0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(_I32, count), [0] * count))


@intrinsic  # type: ignore[untyped-decorator]
def bit_count(_typing: Any, _word: Any) -> Any:
    """Number of ones in a uint64, as int64."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def trailing_zeros(_typing: Any, _word: Any) -> Any:
    """Number of zeros below the lowest one of a uint64, as int64; 64 for zero."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def prefetch(_typing: Any, array: Any, _index: Any) -> Any:
    """Asks for the cache line of the flat element `index` of an array; never faults."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = ir.IntType(8).as_pointer()
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.VoidType(), [pointer, _I32, _I32, _I32]),
            "llvm.prefetch.p0",
        )
        address = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        builder.call(function, [builder.bitcast(address, pointer), _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


@intrinsic  # type: ignore[untyped-decorator]
def near_signatures(_typing: Any, signatures: Any, _start: Any, _word: Any, _limit: Any) -> Any:
    """Which of 32 uint16 signatures from `start` on differ from `word` in at most `limit` bits.

    Gives a uint64 with bit k set for signature start + k. Reads all 32, so the array needs padding.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = ir.VectorType(_I16, 32)
        address = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        stored = builder.load(builder.bitcast(address, lanes.as_pointer()), align=2)
        distance = _vector_popcount(builder, builder.xor(stored, _splat(builder, arguments[2], 32)))
        near = builder.icmp_unsigned("<=", distance, _splat(builder, arguments[3], 32))
        return builder.zext(builder.bitcast(near, _I32), _I64)

    return types.uint64(signatures, types.int64, types.uint16, types.uint16), generate


@intrinsic  # type: ignore[untyped-decorator]
def near_rows(_typing: Any, codes: Any, _row: Any, query: Any, _query_row: Any, _limit: Any) -> Any:
    """Which of 8 rows of uint64 (n, 4) codes from `row` on lie within `limit` bits of a query row.

    Gives a uint64 with bit k set for row + k. All 8 rows must exist.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes, four = ir.VectorType(_I64, 32), ir.VectorType(_I64, 4)
        first = builder.mul(arguments[1], _I64(4))
        address = _address(context, builder, signature.args[0], arguments[0], first)
        stored = builder.load(builder.bitcast(address, lanes.as_pointer()), align=8)
        first = builder.mul(arguments[3], _I64(4))
        address = _address(context, builder, signature.args[2], arguments[2], first)
        wanted = builder.load(builder.bitcast(address, four.as_pointer()), align=8)
        index = ir.VectorType(_I32, 32)
        wanted = builder.shuffle_vector(wanted, wanted, ir.Constant(index, [0, 1, 2, 3] * 8))
        counts = _vector_popcount(builder, builder.xor(stored, wanted))
        index = ir.VectorType(_I32, 8)
        total = None
        for word in range(4):
            part = builder.shuffle_vector(
                counts, counts, ir.Constant(index, [4 * k + word for k in range(8)])
            )
            total = part if total is None else builder.add(total, part)
        near = builder.icmp_unsigned("<=", total, _splat(builder, arguments[4], 8))
        return builder.zext(builder.bitcast(near, ir.IntType(8)), _I64)

    signature = types.uint64(codes, types.int64, query, types.int64, types.int64)
    return signature, generate


@register_jitable  # type: ignore[untyped-decorator]
def chunk_bits(codes: Any, row: int, start: int, width: int) -> Any:
    """Bits [start, start + width) of one row of uint64 (n, 4) codes, as int64; width 1..48."""
    word, shift = start >> 6, start & 63
    low = codes[row, word] >> types.uint64(shift)
    high = (codes[row, min(word + 1, 3)] << types.uint64(1)) << types.uint64(63 - shift)
    return types.int64((low | high) & types.uint64((1 << width) - 1))
