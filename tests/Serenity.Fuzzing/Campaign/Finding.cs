using System.Text.Json;

namespace Serenity.Fuzzing.Campaign;

/// <summary>A promise that was not kept.</summary>
/// <param name="Index">Number of the input.</param>
/// <param name="Problem">What happened; the part before the first colon is its kind.</param>
/// <param name="Origin">What the input was made from.</param>
internal sealed record Finding(long Index, string Problem, string Origin);

/// <summary>Findings and endings of one worker, a line of JSON each, so that what was written before a crash is kept.</summary>
internal static class FindingFile
{
    /// <summary>Adds a line at the end of a file.</summary>
    public static void Append<T>(string path, T entry) => File.AppendAllText(path, JsonSerializer.Serialize(entry) + "\n");

    /// <summary>All whole lines.</summary>
    public static IEnumerable<T> Read<T>(string path)
    {
        foreach (string line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            T? entry = default;
            try
            {
                entry = JsonSerializer.Deserialize<T>(line);
            }
            catch (JsonException)
            {
                // Cut short by a crash.
            }
            if (entry is not null)
                yield return entry;
        }
    }
}
