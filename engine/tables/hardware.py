"""Epoch's machine-learning hardware to the canonical table: one row a chip or board."""

import polars as pl

from engine.tables.cells import Sheet, drop_rows
from engine.tables.columns import Column, Layout

LAYOUT = Layout(
    "hardware",
    (
        Column("hardware", "text", ("Hardware name", "Name"), required=True),
        Column("manufacturer", "text", ("Manufacturer",)),
        Column("type", "text", ("Type",)),
        Column("release_date", "date", ("Release date",)),
        Column("release_price_usd", "number", ("Release price (USD)",)),
        Column("fp64_flop_per_s", "number", ("FP64 (double precision) performance (FLOP/s)",)),
        Column("fp32_flop_per_s", "number", ("FP32 (single precision) performance (FLOP/s)",)),
        Column("fp16_flop_per_s", "number", ("FP16 (half precision) performance (FLOP/s)",)),
        Column("tf32_flop_per_s", "number", ("TF32 (TensorFloat-32) performance (FLOP/s)",)),
        Column("tensor_fp16_flop_per_s", "number", ("Tensor-FP16/BF16 performance (FLOP/s)",)),
        Column("int16_op_per_s", "number", ("INT16 performance (OP/s)",)),
        Column("int8_op_per_s", "number", ("INT8 performance (OP/s)",)),
        Column("int4_op_per_s", "number", ("INT4 performance (OP/s)",)),
        Column("memory_bytes", "number", ("Memory size per board (Byte)",)),
        Column("memory_bandwidth_bytes_per_s", "number", ("Memory bandwidth (byte/s)",)),
        Column("intranode_bandwidth_bytes_per_s", "number", ("Intranode bandwidth (byte/s)",)),
        Column("internode_bandwidth_bits_per_s", "number", ("Internode bandwidth (bit/s)",)),
        Column("die_size_mm2", "number", ("Die Size (mm^2)",)),
        Column("tdp_w", "number", ("TDP (W)",)),
        Column("base_clock_mhz", "number", ("Base clock (MHz)",)),
        Column("boost_clock_mhz", "number", ("Boost clock (MHz)",)),
        Column("process_size_nm", "number", ("Process size (nm)",)),
        Column("transistors_millions", "number", ("Number of transistors (millions)",)),
        Column("foundry", "text", ("Foundry",)),
    ),
    left_out=(
        "Memory clock (MHz)",
        "Memory bus (bit)",
        "Tensor cores",
        "Link to datasheet",
        "Source for the price",
        "ML models",
        "Last modified",
    ),
)


def build(sheet: Sheet) -> tuple[pl.DataFrame, dict[str, int]]:
    """The canonical rows and the count of rows dropped by reason."""
    frame = sheet.read(LAYOUT.columns)
    steps = {
        "no hardware name": pl.col("hardware").is_null(),
        "hardware name repeated": ~pl.col("hardware").is_first_distinct(),
    }
    return drop_rows(frame, steps)
