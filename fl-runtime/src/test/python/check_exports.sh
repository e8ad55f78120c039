#!/usr/bin/env bash
# Exports every kind of adapter of every family, and compares it with PEFT and transformers: check_exports.py.
#
#   bash fl-runtime/src/test/python/check_exports.sh
#
# Needs a built tree (mvn package) and Python 3.9 to 3.12. Its own packages are installed into target/peft, once.
# PEFT_PYTHON names an interpreter that has them already.
set -euo pipefail
cd "$(dirname "$0")/../../../.."
here=fl-runtime/src/test/python

python=${PEFT_PYTHON:-target/peft/bin/python}
if [ ! -x "$python" ]; then
  python3 -m venv target/peft
  target/peft/bin/pip install -q torch==2.7.1 transformers==4.53.3 peft==0.16.0 numpy
fi
rm -rf target/exports
java -cp "$(echo fl-runtime/target/*-tests.jar):spark-jobs/target/tributary.jar:spark-jobs/target/spark/jars/*" \
  dev.tributary.fl.testing.Exports target/exports
"$python" "$here/check_exports.py" target/exports
