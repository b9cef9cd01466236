namespace Serenity.Benchmarks.Conformance;

/// <summary>What became of one model of the suite.</summary>
internal enum ConformanceFate
{
    /// <summary>ONNX Runtime itself does not load it, or does not run it on the suite's data.</summary>
    NotRun,

    /// <summary>Planned, and the file written gives the source's outputs bit for bit.</summary>
    Same,

    /// <summary>Planned; the model gives random values.</summary>
    Random,

    /// <summary>Planned, and outputs differ.</summary>
    Different,

    /// <summary>Refused with an error.</summary>
    Refused,

    /// <summary>The process died, or took more than a minute.</summary>
    Died,
}

/// <summary>One line of the table.</summary>
/// <param name="Model">The suite's name of the model.</param>
/// <param name="Fate">What became of it.</param>
/// <param name="Reason">Why, where that is not clear.</param>
internal sealed record ConformanceRow(string Model, ConformanceFate Fate, string Reason)
{
    /// <summary>One line for the pipe between the processes.</summary>
    public string ToLine() => $"{Model}\t{Fate}\t{Reason.ReplaceLineEndings(" ").Replace('\t', ' ')}";

    /// <summary>Reads a line.</summary>
    public static ConformanceRow Parse(string line)
    {
        string[] parts = line.Split('\t');
        return new ConformanceRow(parts[0], Enum.Parse<ConformanceFate>(parts[1]), parts[2]);
    }
}
