using System.Globalization;
using Serenity.Onnx.Schema;
using Serenity.Testing.Models;

namespace Serenity.Fuzzing.Inputs;

/// <summary>Changes a model as a graph: results are often still models, so that they get past the first checks.</summary>
internal sealed class GraphMutation(Corpus corpus, TestRandom random)
{
    private readonly GraphPicker _pick = new(random);

    /// <summary>Makes one change.</summary>
    public void Apply(ModelProto model)
    {
        TensorMutation tensors = new(corpus, random, _pick);
        NodeMutation nodes = new(corpus, random, _pick, tensors);
        NestingMutation nesting = new(corpus, random, _pick, nodes);
        GraphProto graph = _pick.AnyGraph(model.Graph);
        Action change = random.Next(24) switch
        {
            <= 2 => () => nodes.Rewire(graph),
            3 => () => nodes.RemoveNode(graph),
            4 => () => nodes.DuplicateNode(graph),
            5 => () => nodes.ChangeOperator(graph),
            <= 7 => () => nodes.ChangeAttribute(graph),
            8 => () => tensors.ReshapeInitializer(graph),
            9 => () => tensors.ChangeValueInfo(graph),
            10 => () => nodes.MoveNode(graph),
            <= 13 => () => nodes.Graft(graph),
            14 => () => nesting.WrapInIf(graph),
            15 => () => nodes.Rename(graph),
            16 => () => ChangeVersion(model),
            17 => () => nodes.ChangeOutputs(graph),
            18 => () => tensors.MakeInitializerAnInput(graph),
            19 => () => tensors.MakeExternal(graph),
            20 => () => tensors.AddLargeValue(graph),
            21 => () => nesting.Nest(graph),
            22 => () => nesting.MakeFunction(model),
            _ => () => nesting.ChangeSubgraphs(graph),
        };
        change();
    }

    private void ChangeVersion(ModelProto model)
    {
        switch (random.Next(4))
        {
            case 0:
                model.IrVersion = random.Chance(0.7) ? random.Next(0, 15) : StrangeValues.Number(random);
                break;
            case 1 when model.OpsetImport.Count > 0:
                random.Pick(model.OpsetImport).Version = random.Chance(0.8) ? random.Next(1, 26) : StrangeValues.Number(random);
                break;
            case 2 when model.OpsetImport.Count > 0:
                model.OpsetImport.RemoveAt(random.Next(model.OpsetImport.Count));
                break;
            default:
                model.OpsetImport.Add(new OperatorSetIdProto { Domain = random.Pick(["", "ai.onnx", "com.microsoft", "ai.onnx.ml", "own"]), Version = random.Next(0, 25) });
                break;
        }
    }
}
