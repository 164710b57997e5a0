"""Where rows go: ClickHouse. One module a destination.

`batch` collects rows, `missing_rows` finds what a crash left out, `disk_reserve` stops before the disk is full.
"""
