using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Operators.Time;

/// <summary>Terms of operators that move elements without computing any.</summary>
internal static class MovementTime
{
    /// <summary>Adds the terms; false for other operators.</summary>
    public static bool TryAdd(TimeSum sum, KernelShapes kernel)
    {
        NodeProto node = kernel.Node;
        switch (kernel.Operator.Kind)
        {
            case var _ when IsView(kernel.Operator):
                sum.Add(TimeTerm.View, 1);
                return true;
            // The sizes of a tensor, none of its elements.
            case OperatorKind.ShapeOf:
                sum.Add(TimeTerm.View, 1);
                return true;
            case OperatorKind.Concat when kernel.Output(0) is { } made:
                AddConcat(sum, made, node.Int("axis", 0), node.Input.Count);
                return true;
            case OperatorKind.Movement when kernel.Operator.Has(OperatorTraits.ReadsWhatItGives) && kernel.Input(0) is { } from && kernel.Output(0) is { } to:
                AddSlice(sum, from, to);
                return true;
            case OperatorKind.Movement when node.Output.Count > 1 && kernel.Input(0) is { } split:
                AddConcat(sum, split, node.Int("axis", 0), node.Output.Count);
                return true;
            case OperatorKind.Movement when kernel.Operator.Name is "Resize" or "Upsample":
                sum.Add(TimeTerm.Other, 1);
                sum.Add(node.Text("mode", "nearest") == "nearest" ? TimeTerm.NearestElement : TimeTerm.LinearElement, kernel.Made);
                return true;
            case OperatorKind.Movement:
                sum.Add(TimeTerm.Other, 1);
                sum.Add(TimeTerm.MovedElement, kernel.Made);
                return true;
            default:
                return false;
        }
    }

    /// <summary>True for an operator that reads and writes nothing: its result is the input's buffer.</summary>
    public static bool IsView(Operator entry) => entry.Has(OperatorTraits.SharesFirst);

    /// <summary>Terms of a slice.</summary>
    /// <param name="sum">To what.</param>
    /// <param name="from">What is read.</param>
    /// <param name="to">What is made.</param>
    public static void AddSlice(TimeSum sum, long[] from, long[] to)
    {
        double stretches = 1;
        if (from.Length == to.Length)
        {
            int axis = to.Length - 1;
            while (axis >= 0 && from[axis] == to[axis])
                axis--;
            for (axis--; axis >= 0; axis--)
                stretches *= to[axis];
        }
        sum.Add(TimeTerm.Slice, 1);
        sum.Add(TimeTerm.SliceElement, WorkEstimate.Elements(to));
        sum.Add(TimeTerm.SliceStretch, stretches);
    }

    /// <summary>Terms of a concatenation, or of a split, which is the same backwards.</summary>
    /// <param name="sum">To what.</param>
    /// <param name="whole">The longer tensor.</param>
    /// <param name="axis">Along which; from the end if negative.</param>
    /// <param name="parts">How many.</param>
    public static void AddConcat(TimeSum sum, long[] whole, long axis, int parts)
    {
        double stretches = parts;
        for (int i = 0; i < Math.Min(whole.Length, axis < 0 ? axis + whole.Length : axis); i++)
            stretches *= whole[i];
        sum.Add(TimeTerm.Concat, 1);
        sum.Add(TimeTerm.ConcatElement, WorkEstimate.Elements(whole));
        sum.Add(TimeTerm.ConcatStretch, stretches);
    }
}
