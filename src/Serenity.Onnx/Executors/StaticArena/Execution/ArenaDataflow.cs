using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>
/// Until when each value of a schedule is needed, found from the graph and the schedule alone: not from the lifetimes a plan states.
/// A value is needed by its readers and by those of every view or alias that lies in its bytes.
/// </summary>
internal sealed class ArenaDataflow
{
    private readonly Dictionary<string, int> _lastUse = new(StringComparer.Ordinal);

    private readonly ArenaProgram _program;

    public ArenaDataflow(GraphProto graph, IReadOnlyList<NodeProto> schedule, ArenaProgram program, IReadOnlyDictionary<string, ProgramBuffer> facts)
    {
        _program = program;
        foreach (ValueInfoProto output in graph.Output)
            _lastUse[output.Name] = schedule.Count;
        for (int step = schedule.Count - 1; step >= 0; step--)
        {
            NodeProto node = schedule[step];
            ProgramBuffer? made = node.Output.Count > 0 ? facts.GetValueOrDefault(node.Output[0]) : null;
            int last = step;
            if (made is not null && SharesInput(made, node))
                last = Math.Max(last, LastUse(node.Output[0]));
            foreach (string input in node.Input.Concat(SubgraphCaptures.Of(node)))
                _lastUse[input] = Math.Max(_lastUse.GetValueOrDefault(input, -1), made is not null && IsShared(made, input) ? last : step);
        }
    }

    /// <summary>The last step at which a value is needed; the number of steps for a graph output, -1 for one that nobody reads.</summary>
    public int LastUse(string value) => _lastUse.GetValueOrDefault(value, -1);

    /// <summary>True if the node does nothing in the arena: its first output is another name of its first input, or a view of all of them.</summary>
    public bool IsFree(ProgramBuffer made, NodeProto node) => node.IsConcat() ? made.Parts is not null : SharesInput(made, node);

    private bool SharesInput(ProgramBuffer made, NodeProto node) =>
        made.Parts is not null && node.IsConcat()
        || _program.SharedBy(made) is { } of && node.Input.Count > 0 && node.Input[0] == of && node.MayShareFirst();

    private bool IsShared(ProgramBuffer made, string input) => _program.SharedBy(made) == input || _program.IsPart(made, input);
}
