# Shared by scripts/start and scripts/test: what the machine needs, installing, building. Sourced, never run.
# Every step is skipped when its result is already there, so both commands can be repeated at will.

say() { printf '%s\n' "$*"; }
lack() { printf 'missing: %s\n' "$*" >&2; lacking=1; }

is_root() { [ "$(id -u)" = 0 ]; }
has() { command -v "$1" >/dev/null 2>&1; }
can_apt() { is_root && has apt-get; }

# Installs Debian packages when we may; otherwise the caller names them.
apt_install() {
  say "installing Debian packages: $*"
  { apt-get install -y --no-install-recommends "$@" || { apt-get update && apt-get install -y --no-install-recommends "$@"; }; } </dev/null >/tmp/stonefs-apt.$$ 2>&1
  local status=$?
  [ $status = 0 ] || tail -n 5 /tmp/stonefs-apt.$$ >&2
  rm -f /tmp/stonefs-apt.$$
  return $status
}

check_node() {
  if ! has node || ! has npm; then
    lack "Node.js 20.15 or newer with npm. Debian 13: apt-get install nodejs npm; elsewhere: https://nodejs.org/en/download"
  elif ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 15) ? 0 : 1)'; then
    lack "Node.js 20.15 or newer; this one is $(node --version). Get it from https://nodejs.org/en/download"
  fi
}

check_linux() {
  [ "$(uname -s)" = Linux ] || lack "Linux; this is $(uname -s), and stonefs speaks the Linux kernel's FUSE protocol"
}

check_fuse() {
  if [ ! -e /dev/fuse ]; then
    is_root && modprobe fuse >/dev/null 2>&1
    if [ ! -e /dev/fuse ]; then
      lack "/dev/fuse. Load the kernel module with 'sudo modprobe fuse'; in a container start it with '--device /dev/fuse --cap-add SYS_ADMIN'"
      return
    fi
  fi
  is_root || has fusermount3 || lack "fusermount3, which lets an ordinary user mount. Debian: sudo apt-get install fuse3"
}

# What better-sqlite3 needs when no ready-made binary fits this machine.
missing_compiler() {
  local tool
  for tool in g++ make python3; do has "$tool" || printf '%s ' "$tool"; done
}

check_machine() {
  lacking=0
  check_linux
  check_node
  check_fuse
  [ $lacking = 0 ] || exit 1
}

# The lock file, the binary interface of this Node and the processor decide what node_modules must hold.
install_key() {
  { cat package-lock.json .taprc; node -p '[process.versions.modules, process.arch].join()'; } | sha256sum | cut -d ' ' -f 1
}

npm_ci() {
  npm ci --no-audit --no-fund --loglevel=error
}

install_packages() {
  local key missing
  key=$(install_key)
  [ -f node_modules/.stonefs-installed ] && [ "$(cat node_modules/.stonefs-installed)" = "$key" ] && return
  say "installing npm packages"
  if ! npm_ci; then
    missing=$(missing_compiler)
    if [ -z "$missing" ]; then
      say "npm ci failed; its message is above" >&2
      exit 1
    elif can_apt; then
      apt_install g++ make python3 && npm_ci || exit 1
    else
      lack "${missing% } to compile better-sqlite3, for which no ready-made binary could be had. Debian: sudo apt-get install g++ make python3"
      exit 1
    fi
  fi
  # Without this npm may have skipped the packages' install scripts silently; better to learn it here than at a mount.
  if ! node -e 'require("better-sqlite3")(":memory:").close(); require("koffi").load(null)' 2>/dev/null; then
    say "better-sqlite3 or koffi does not load: allow their install scripts and run 'npm rebuild better-sqlite3 koffi'" >&2
    exit 1
  fi
  node_modules/.bin/tap build >/dev/null || exit 1
  printf '%s\n' "$key" >node_modules/.stonefs-installed
}

build_key() {
  find src test bench schema scripts/bundle.mjs tsconfig.json package-lock.json -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1
}

# A compiled file whose source is gone would go on being run as a test.
prune_build() {
  local file source
  find build -name '*.js' -print 2>/dev/null | while read -r file; do
    source=${file#build/}
    [ -f "${source%.js}.ts" ] || rm -f "$file" "$file.map"
  done
}

build() {
  local key
  key=$(build_key)
  [ -f build/.stonefs-built ] && [ "$(cat build/.stonefs-built)" = "$key" ] && [ -f build/src/cli/main.js ] && return
  say "compiling"
  prune_build
  npm run --silent build || exit 1
  printf '%s\n' "$key" >build/.stonefs-built
}
