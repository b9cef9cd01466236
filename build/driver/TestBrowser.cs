using System.ComponentModel;
using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Serenity.Driver;

/// <summary>
/// A Chromium for the tests of the report, on machines that have none: from an npm package (MIT) that ships the program itself, kept outside the
/// checkout. Where that cannot be had, those tests are skipped, and say so.
/// </summary>
internal sealed class TestBrowser(DriverLog log)
{
    /// <summary>Path of the browser, for the tests.</summary>
    private const string Variable = "SERENITY_BROWSER";

    private static readonly NpmArtefact _package = new(
        "@sparticuz/chromium", "153.0.0", "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==");

    private static readonly string[] _names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private static string Folder => NpmArtefact.Cache($"chromium-{_package.Version}");

    private static string Program => Path.Combine(Folder, "chromium");

    /// <summary>Names a browser to the processes started from here on, in <c>SERENITY_BROWSER</c>: one that is installed, or else this one.</summary>
    public void Ensure()
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        string? installed = _names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists);
        installed = Environment.GetEnvironmentVariable(Variable) ?? installed;
        if (installed is not null)
            Environment.SetEnvironmentVariable(Variable, installed);
        // The package has this one platform.
        if (installed is not null || !OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64)
            return;
        try
        {
            if (!File.Exists(Program))
                log.Step($"fetch {_package.Name} {_package.Version} with npm, for the tests of the report", Unpack);
            if (ChildProcess.Capture(Program, ["--version"], Folder) is { ExitCode: not 0 } failed)
                throw new DriverException(failed.Output.Trim());
            Environment.SetEnvironmentVariable(Variable, Program);
        }
        catch (Exception e) when (e is DriverException or IOException or UnauthorizedAccessException or Win32Exception or InvalidDataException)
        {
            log.Line($"    no browser, so the tests of the report in one are skipped: {e.Message}");
        }
    }

    [SupportedOSPlatform("linux")]
    private static bool Unpack()
    {
        // Moved when whole, so that two first runs at once do not meet half a program.
        string work = FormattableString.Invariant($"{Folder}-work-{Environment.ProcessId}");
        Directory.CreateDirectory(work);
        try
        {
            using FileStream stream = File.OpenRead(_package.Fetch(work));
            using GZipStream unzipped = new(stream, CompressionMode.Decompress);
            using TarReader reader = new(unzipped);
            while (reader.GetNextEntry() is { } entry)
            {
                if (entry.Name != "package/bin/chromium.br")
                    continue;
                using BrotliStream packed = new(entry.DataStream!, CompressionMode.Decompress);
                string program = Path.Combine(work, "chromium");
                using (FileStream file = new(program, new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                }))
                {
                    packed.CopyTo(file);
                }
                Directory.CreateDirectory(Folder);
                File.Move(program, Program, overwrite: true);
                return true;
            }
            throw new DriverException($"{_package.Name} {_package.Version} has no browser in it");
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }
}
