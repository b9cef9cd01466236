using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Serenity.Driver;

/// <summary>
/// Adds a software bill of materials to a packed package: <c>sbom.cdx.json</c>, CycloneDX 1.5. It lists the packages that went in, from the
/// <c>.deps.json</c> files, with their content hashes, and every file with its SHA-256. No time and no serial number: same content, same text.
/// </summary>
internal static class Sbom
{
    private const string EntryName = "sbom.cdx.json";

    /// <summary>Writes the bill into a package.</summary>
    /// <param name="package">Path of the .nupkg file.</param>
    public static void AddTo(string package)
    {
        using ZipArchive archive = ZipFile.Open(package, ZipArchiveMode.Update);
        archive.GetEntry(EntryName)?.Delete();
        List<(string Name, string Sha256)> files = [];
        SortedDictionary<string, (string Name, string Version, string? Sha512)> components = new(StringComparer.Ordinal);
        foreach (ZipArchiveEntry entry in archive.Entries.OrderBy(e => e.FullName, StringComparer.Ordinal))
        {
            // What NuGet writes anew in every pack says nothing about the content.
            if (entry.FullName.StartsWith("_rels/", StringComparison.Ordinal) || entry.FullName.StartsWith("package/", StringComparison.Ordinal) || entry.FullName == "[Content_Types].xml")
                continue;
            using MemoryStream content = new();
            using (Stream stream = entry.Open())
                stream.CopyTo(content);
            files.Add((entry.FullName, Convert.ToHexStringLower(SHA256.HashData(content.GetBuffer().AsSpan(0, (int)content.Length)))));
            if (entry.FullName.EndsWith(".deps.json", StringComparison.Ordinal))
                ReadComponents(content.ToArray(), components);
            // Native code holds the runtime that it needs.
            if (Path.GetFileNameWithoutExtension(entry.FullName) == "Serenity.Host" && entry.FullName.Contains("/native/", StringComparison.Ordinal))
                components["Microsoft.DotNet.ILCompiler"] = ("Microsoft.DotNet.ILCompiler", Environment.Version.ToString(3), null);
        }
        ZipArchiveEntry bill = archive.CreateEntry(EntryName);
        bill.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using Stream output = bill.Open();
        output.Write(Write(Path.GetFileNameWithoutExtension(package), components.Values, files));
    }

    private static void ReadComponents(byte[] deps, SortedDictionary<string, (string Name, string Version, string? Sha512)> components)
    {
        using JsonDocument document = JsonDocument.Parse(deps);
        foreach (JsonProperty library in document.RootElement.GetProperty("libraries").EnumerateObject())
        {
            string[] parts = library.Name.Split('/');
            string hash = library.Value.GetProperty("sha512").GetString() ?? "";
            const string prefix = "sha512-";
            string? sha512 = hash.StartsWith(prefix, StringComparison.Ordinal) ? Convert.ToHexStringLower(Convert.FromBase64String(hash[prefix.Length..])) : null;
            components[library.Name] = (parts[0], parts[1], sha512);
        }
    }

    private static byte[] Write(string package, IEnumerable<(string Name, string Version, string? Sha512)> components, List<(string Name, string Sha256)> files)
    {
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("bomFormat", "CycloneDX");
            json.WriteString("specVersion", "1.5");
            json.WriteNumber("version", 1);
            json.WriteStartObject("metadata");
            json.WriteStartObject("component");
            json.WriteString("type", "library");
            json.WriteString("name", package);
            json.WriteEndObject();
            json.WriteEndObject();
            json.WriteStartArray("components");
            foreach ((string name, string version, string? sha512) in components)
                WriteComponent(json, "library", name, version, sha512 is null ? null : $"pkg:nuget/{name}@{version}", "SHA-512", sha512);
            foreach ((string name, string sha256) in files)
                WriteComponent(json, "file", name, null, null, "SHA-256", sha256);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        text.Write(Encoding.UTF8.GetBytes("\n"));
        return text.ToArray();
    }

    private static void WriteComponent(Utf8JsonWriter json, string type, string name, string? version, string? purl, string algorithm, string? hash)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteString("name", name);
        if (version is not null)
            json.WriteString("version", version);
        if (hash is not null)
        {
            json.WriteStartArray("hashes");
            json.WriteStartObject();
            json.WriteString("alg", algorithm);
            json.WriteString("content", hash);
            json.WriteEndObject();
            json.WriteEndArray();
        }
        if (purl is not null)
            json.WriteString("purl", purl);
        json.WriteEndObject();
    }
}
