"""Exporters of rows, one module a destination: ClickHouse.

`batch` collects rows, `missing_rows` finds rows that a crash left out, `disk_reserve` stops before the disk is full.
"""
