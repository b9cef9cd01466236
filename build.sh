#!/usr/bin/env bash
# One door to everything: ./build.sh pack | test | sample | bench … | fuzz … | sweep … | audit | format. Needs the .NET SDK (and npm where the
# registry has no ONNX Runtime). The work is done by the small program in build/driver, the same on every platform.
set -euo pipefail
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
if ! command -v dotnet >/dev/null; then
  echo "build.sh: the .NET SDK 10 is not on the PATH; get it from https://dotnet.microsoft.com/download" >&2
  exit 127
fi
[ -d "$root/build/driver/bin" ] || echo "==> build the program behind build.sh, once" >&2
exec dotnet run --project "$root/build/driver/Serenity.Driver.csproj" -c Release --no-launch-profile -v quiet -- "$@"
