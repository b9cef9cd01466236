@echo off
rem One door to everything: build pack ^| test ^| sample ^| bench ... ^| format. The same program as build.sh runs.
setlocal
set DOTNET_NOLOGO=1
set DOTNET_CLI_TELEMETRY_OPTOUT=1
set DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
where dotnet >nul 2>nul
if errorlevel 1 (
  echo build.cmd: the .NET SDK 10 is not on the PATH; get it from https://dotnet.microsoft.com/download 1>&2
  exit /b 127
)
dotnet run --project "%~dp0build\driver\Serenity.Driver.csproj" -c Release --no-launch-profile -v quiet -- %*
exit /b %ERRORLEVEL%
