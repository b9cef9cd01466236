using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;

namespace Serenity.Runtime;

/// <summary>
/// The text of a plan file. Lines of words, so that it can be read without a parser's package and compared by eye:
/// <code>
/// serenity-plan 1
/// onnxruntime 1.30.0
/// layout blocked16           where it is not the portable one
/// prepack false              where kernels may not lay weights out anew
/// block x64 1 717824 2       architecture, threads, bytes of the block, number of allocations
/// 4096 0                     bytes and offset of each allocation, in the order of a run
/// 65536 4096 0               and which output of the model it is for
/// </code>
/// </summary>
internal static class PlanText
{
    /// <summary>First line of every plan.</summary>
    private const string Header = "serenity-plan 1";

    /// <summary>More than any run was seen to need, and a number that a list can have.</summary>
    private const int MostCalls = 10_000_000;

    /// <summary>Allocations that room is made for before they are read. A file may state any number; what it takes is what it holds.</summary>
    private const int RoomAhead = 256;

    /// <summary>The most that the build plans for. ONNX Runtime would start as many as it is told to.</summary>
    private const int MostThreads = 256;

    /// <summary>Reads a plan.</summary>
    /// <param name="reader">The text.</param>
    /// <param name="name">Where it comes from, for messages.</param>
    public static MemoryPlan Read(TextReader reader, string name)
    {
        PlanLines lines = new(reader);
        Exception Wrong(string what) => new InvalidDataException(
            $"{name}, line {lines.Number}: {(lines.TooLong ? "It is longer than any line of a plan." : what)}"
            + " The file is not a memory plan that this version of Serenity.Runtime can read. Build the project again, with the same version of Serenity.Build.");

        string[]? words = lines.Next();
        if (words is null || string.Join(" ", words) != Header)
            throw Wrong($"It does not begin with '{Header}'.");
        words = lines.Next();
        if (words is not { Length: 2 } || words[0] != "onnxruntime")
            throw Wrong("ONNX Runtime's version is missing.");
        string version = words[1];

        string layout = ModelLayout.Portable;
        bool prepack = true;
        List<BlockPlan> blocks = [];
        while ((words = lines.Next()) is not null)
        {
            if (words.Length == 0)
                continue;
            if (lines.Number == 3 && words.Length == 2 && words[0] == "layout")
            {
                layout = words[1];
                if (!ModelLayout.IsName(layout))
                    throw Wrong("There is no layout of that name.");
                continue;
            }
            if (blocks.Count == 0 && words.Length == 2 && words[0] == "prepack" && (words[1] is "true" or "false"))
            {
                prepack = words[1] == "true";
                continue;
            }
            if (words.Length != 5 || words[0] != "block" || !Number(words[2], out long threads) || threads is < 1 or > MostThreads
                || !Number(words[3], out long bytes) || !Number(words[4], out long count) || count > MostCalls)
            {
                throw Wrong("A line 'block <architecture> <threads> <bytes> <allocations>' was expected.");
            }
            string architecture = words[1];
            List<PlannedCall> calls = new((int)Math.Min(count, RoomAhead));
            long end = 0;
            while (calls.Count < count)
            {
                long output = PlannedCall.NoOutput;
                if (lines.Next() is not { Length: 2 or 3 } call || !Number(call[0], out long size) || !Number(call[1], out long offset)
                    || (call.Length == 3 && (!Number(call[2], out output) || output > ushort.MaxValue)))
                {
                    throw Wrong("A line '<bytes> <offset>' was expected.");
                }
                PlannedCall read = new(size, offset, (int)output);
                if (BlockPlan.Fault(read, bytes) is { } fault)
                    throw Wrong(fault);
                calls.Add(read);
                end = Math.Max(end, offset + size);
            }
            // The block is taken, and each page of it touched, as a session is opened.
            if (bytes - end >= BlockPlan.Alignment)
                throw Wrong($"A block of {bytes} bytes is stated, and its allocations end at {end}.");
            blocks.Add(new BlockPlan(architecture, (int)threads, bytes, calls.ToArray()));
        }
        if (lines.TooLong)
            throw Wrong("");
        return new MemoryPlan(version, blocks)
        {
            Layout = layout,
            Prepack = prepack,
            WhyEmpty = blocks.Count > 0 ? null
                : layout == ModelLayout.Portable ? "the build could not plan the model's runs: its manifest says why"
                : $"the build's own processor has no layout {layout}, so that no run in it was seen there",
        };
    }

    private static bool Number(string text, out long value) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
