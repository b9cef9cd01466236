using Serenity.Onnx.Contract;
using Serenity.Onnx.Executors.StaticArena.Graph;
using Serenity.Onnx.Executors.StaticArena.Planning;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Rewrites.Partition;
using Serenity.Onnx.Rewrites.Rolling;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Shapes;
using Serenity.Planning.Scheduling;
using Serenity.Testing.Models;

namespace Serenity.Onnx.Tests.Rewrites.Rolling;

/// <summary>A model whose nodes can be run row by row, in the order of its file.</summary>
internal sealed class RollingCase
{
    public RollingCase(ModelProto model, ShapeTable shapes, bool exact = false, bool inputsApart = false)
    {
        StaticArenaGraph arena = StaticArenaGraph.Build(model, ShapeInference.Run(model, "/nowhere/model.onnx", new Dictionary<string, long>()), request: new OptimizeRequest { ModelPath = "/nowhere/model.onnx", InputsApart = inputsApart });
        Graph = new PartitionGraph(model, shapes, model.Graph.Node.Select(n => n.Name), "model.onnx", new ArenaSharing(arena));
        Rules = new RowRules(Graph, exact);
    }

    public PartitionGraph Graph { get; }

    public RowRules Rules { get; }

    /// <summary>A program of given groups over the whole model; null where one cannot be.</summary>
    public RollingProgram? Program(IReadOnlyList<RollingGroup> groups) => RollingProgram.TryMake(Graph, Rules, new bool[Graph.Nodes.Length], groups);

    /// <summary>Bytes that a program is said to need.</summary>
    public long Stated(RollingProgram program) => new RollingBytes(Graph, Rules).Peak(program);

    public PartitionedModel Write(RollingProgram program) => RollingWriter.Write(Graph, Rules, program);

    /// <summary>Live bytes of a model in the order of its file, by the graph that an arena is planned with.</summary>
    public static long Live(ModelProto model, bool inputsApart = false)
    {
        StaticArenaGraph graph = StaticArenaGraph.Build(model, ShapeInference.Run(model, "/nowhere/model.onnx", new Dictionary<string, long>()), request: new OptimizeRequest { ModelPath = "/nowhere/model.onnx", InputsApart = inputsApart });
        return LiveProfile.Peak(graph.Graph, graph.FileOrder());
    }

    /// <summary>Groups of random length, each of random rows at a time; some nodes whole.</summary>
    public List<RollingGroup> RandomGroups(TestRandom random)
    {
        List<RollingGroup> groups = [];
        for (int p = 0; p < Graph.Nodes.Length;)
        {
            int last = p, most = random.Next(1, 8);
            while (Rules.Of[p] is not null && last + 1 < Graph.Nodes.Length && last - p + 1 < most && Rules.Of[last + 1] is not null)
                last++;
            bool whole = Rules.Of[p] is null || random.Chance(0.1);
            groups.Add(whole ? new RollingGroup(p, p, 0) : new RollingGroup(p, last, random.Pick([1, 1, 2, 3, 5])));
            p = groups[^1].Last + 1;
        }
        return groups;
    }
}
