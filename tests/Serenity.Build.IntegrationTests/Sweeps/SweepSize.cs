using System.Globalization;

namespace Serenity.Build.IntegrationTests.Sweeps;

/// <summary>How far a sweep goes: a few rounds in the ordinary tests, as many as asked for by <c>./build.sh sweep</c>.</summary>
internal static class SweepSize
{
    /// <summary>Rounds, from the variable that the driver sets.</summary>
    public static int Rounds(int ordinarily) =>
        Environment.GetEnvironmentVariable("SERENITY_SWEEP") is { Length: > 0 } set ? int.Parse(set, NumberStyles.None, CultureInfo.InvariantCulture) : ordinarily;
}
