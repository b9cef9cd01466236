using System.Globalization;
using Serenity.Build.Manifest;
using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Checks;

/// <summary>What <c>Pad</c> says, held against the inputs that a model has.</summary>
internal static class PaddingCheck
{
    private static readonly Dictionary<string, double> _fractions = new(StringComparer.Ordinal)
    {
        ["float"] = float.MaxValue,
        ["double"] = double.MaxValue,
        ["float16"] = (double)Half.MaxValue,
        ["bfloat16"] = BitConverter.Int32BitsToSingle(0x7F7F0000),
    };

    private static readonly Dictionary<string, (Int128 Least, Int128 Most)> _whole = new(StringComparer.Ordinal)
    {
        ["bool"] = (0, 1),
        ["int8"] = (sbyte.MinValue, sbyte.MaxValue),
        ["uint8"] = (byte.MinValue, byte.MaxValue),
        ["int16"] = (short.MinValue, short.MaxValue),
        ["uint16"] = (ushort.MinValue, ushort.MaxValue),
        ["int32"] = (int.MinValue, int.MaxValue),
        ["uint32"] = (uint.MinValue, uint.MaxValue),
        ["int64"] = (long.MinValue, long.MaxValue),
        ["uint64"] = (ulong.MinValue, ulong.MaxValue),
    };

    /// <summary>Errors (SER1101) for inputs that the model does not have, and for values that their elements cannot have.</summary>
    /// <param name="manifest">The manifest.</param>
    /// <param name="padding">Values by input.</param>
    /// <param name="file">The model as the user named it.</param>
    public static IEnumerable<SerenityDiagnostic> Refused(MemoryManifest manifest, IReadOnlyDictionary<string, string> padding, string file)
    {
        ProgramBuffer[] inputs = [.. manifest.Program.Inputs()];
        foreach ((string name, string value) in padding.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            if (inputs.FirstOrDefault(i => i.Name == name) is not { } input)
                yield return Error($"Pad names '{name}', which is no input of the model.{NearestName.Among(name, [.. inputs.Select(i => i.Name)])}");
            else if (input.Type is { } type && !CanBe(type.Split('[')[0], value))
                yield return Error($"Pad fills '{name}' with {value}, which is no value of its elements ({Allowed(type.Split('[')[0])}).");
        }

        SerenityDiagnostic Error(string what) => new(SerenityCodes.BadOption, DiagnosticSeverity.Error, file, what);
    }

    private static bool CanBe(string type, string value)
    {
        string number = value switch { "true" => "1", "false" => "0", _ => value };
        // An infinity has to be meant: a number that is too large for the type becomes one.
        if (_fractions.TryGetValue(type, out double largest))
        {
            return double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double fraction)
                && (Math.Abs(fraction) <= largest || (double.IsInfinity(fraction) && number.EndsWith("Infinity", StringComparison.Ordinal)));
        }
        if (!Int128.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out Int128 whole))
            return false;
        return _whole.TryGetValue(type, out (Int128 Least, Int128 Most) range) && whole >= range.Least && whole <= range.Most;
    }

    private static string Allowed(string type) => _fractions.TryGetValue(type, out double largest) ? string.Create(CultureInfo.InvariantCulture, $"{type}, up to {largest:R}")
        : _whole.TryGetValue(type, out (Int128 Least, Int128 Most) range) ? string.Create(CultureInfo.InvariantCulture, $"{type}, {range.Least} to {range.Most}") : type;
}
