using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Inputs;

/// <summary>Values at the edges of what programs expect.</summary>
internal static class StrangeValues
{
    private static readonly long[] _numbers =
    [
        0, 1, 2, 3, 4, 5, 7, 8, 16, 64, 127, 128, 255, 256, 1000, 65_535, 65_536, 1 << 20, int.MaxValue - 1, int.MaxValue, 1L << 31, 1L << 32, 1L << 33, 1L << 40,
        1L << 53, 1L << 61, 1L << 62, long.MaxValue - 1, long.MaxValue, -1, -2, -3, -128, int.MinValue, long.MinValue, long.MinValue + 1,
    ];

    private static readonly double[] _reals =
        [0, -0.0, 1, -1, 0.5, 1e-45, 1e-38, 1e38, double.MaxValue, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 3.5, 1e9];

    private static readonly string[] _texts =
    [
        "", " ", "x", "input", "a/b", "a\\b", "../x", "/", ".", "..", "name with spaces", "tab\there", "line\nbreak", "cr\r\nlf", "\u001b[31mred", "\0", "null\0inside",
        "ünïcödé", "名前", "🜁🜂", "\u202Egnp.x", "\uFEFFbom", "\u2028", "%s%n%d", "{0}", "{", "}", "{{}}", "$(Path)", "@(Items)", "%(Meta)", "'", "\"", "\\", "<b>&amp;</b>",
        "</script><script>alert(1)</script>", "]]>", "*/", "//", "#if", "@class", "class", "serenity_anchor", "_ORT_MEM_ADDR_", "*/_ORT_MEM_ADDR_/*", "com.microsoft",
        "ai.onnx.ml", "ai.onnx", "MyException", "a;b=c", "-1", "0x10", "1e3", "NaN", "True",
    ];

    /// <summary>A whole number, mostly small.</summary>
    public static long Number(TestRandom random) => random.Chance(0.6) ? random.Next(-2, 9) : random.Pick(_numbers);

    /// <summary>A dimension: mostly small and positive.</summary>
    public static long Dimension(TestRandom random) => random.Chance(0.8) ? random.Next(1, 9) : random.Pick(_numbers);

    /// <summary>A real number.</summary>
    public static double Real(TestRandom random) => random.Chance(0.5) ? random.Unit() * 4 - 2 : random.Pick(_reals);

    /// <summary>A text.</summary>
    public static string Text(TestRandom random) => random.Next(30) switch
    {
        0 => new string('n', random.Pick([100, 255, 256, 1000, 20_000])),
        1 => string.Concat(Enumerable.Repeat("é", 300)),
        _ => random.Pick(_texts),
    };
}
