using Serenity.Onnx.Operators.Regions;

namespace Serenity.Onnx.Rewrites.Partition;

/// <summary>How much longer a run takes with a region in pieces, counted as in <see cref="NodeWork"/>.</summary>
internal static class PieceWork
{
    /// <summary>Work of the program's pieces, slices and joins, less that of the nodes they stand for.</summary>
    public static double Added(PieceProgram program)
    {
        PartitionGraph graph = program.Region.Graph;
        double work = 0;
        foreach (PieceOperation step in program.Steps)
        {
            switch (step.Kind)
            {
                case PieceStep.Piece:
                    int index = Array.BinarySearch(program.Region.Nodes, step.Node);
                    NodeWork whole = graph.Works[step.Node];
                    work += whole.Call + whole.Whole * program.Pieces.Output(step.Piece, index).Length / program.Region.Rules[index].Extent;
                    break;
                case PieceStep.Slice:
                    work += NodeWork.Copy(Elements(graph, program.Values[step.Outputs[0]]));
                    break;
                case PieceStep.Join:
                    work += NodeWork.Copy(Elements(graph, program.Values[step.Outputs[0]]));
                    break;
            }
        }
        foreach (int node in program.Region.Nodes)
            work -= graph.Works[node].Call + graph.Works[node].Whole;
        return work;
    }

    private static double Elements(PartitionGraph graph, PieceValue value)
    {
        double count = 1;
        long[] dims = graph.Dims[value.Value];
        for (int i = 0; i < dims.Length; i++)
            count *= value.Piece >= 0 && i == value.Axis ? value.Part.Length : dims[i];
        return count;
    }
}
