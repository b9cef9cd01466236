using Serenity.Onnx.Contract;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;

namespace Serenity.Onnx.Executors.OnnxRuntime.Allocation;

/// <summary>
/// Which kernels of ONNX Runtime's CPU provider share buffers between inputs and outputs. Operators that are not named give every
/// output a buffer of its own.
/// </summary>
/// <remarks>
/// Every rule here, and the absence of one for some 170 other operators, was observed (<see cref="RuntimeRules.KernelsInPlace"/>, <see cref="RuntimeRules.SumInPlace"/>) by the benchmark verb <c>probe</c>, which
/// measures peaks around one node, at every opset from 7 to 24 at which ONNX Runtime runs it; rules are the same at all of them. The one
/// exception is the blocked Conv, which only ONNX Runtime's own layout pass makes: its rule was read in the source.
/// </remarks>
internal static class KernelRules
{
    private static readonly KernelRule _alias = new([new BufferShare(0, 0)], []);
    private static readonly KernelRule _inPlace = new([], [new BufferShare(0, 0)]);
    private static readonly KernelRule _addsInPlace = new([], [new BufferShare(3, 0)]);
    private static readonly KernelRule _updatesStatistics = new([new BufferShare(3, 1), new BufferShare(4, 2)], []);

    // ScatterND copies its data unless it lies where the output does (scatter_nd.cc).
    private static readonly KernelRule _inPlaceIfBound = new([], []) { IfBound = [new BufferShare(0, 0)] };

    // The caches of grouped queries: the kernel compares addresses, and appends in place where those of keys and of values are equal (gqa_attention_base.h, past_present_share_buffer).
    private static readonly KernelRule _appendsIfBound = new([], []) { IfBound = [new BufferShare(3, 1), new BufferShare(4, 2)] };

    // In place. Cast only between types of one size, which the rule on shapes and element sizes sees to. CastLike is inlined to a Cast.
    // The scatters first copy their input where they may not overwrite it.
    private static readonly string[] _onnxInPlace =
    [
        "Cast", "CastLike", "Celu", "Clip", "Elu", "HardSigmoid", "LeakyRelu", "LogSoftmax", "ParametricSoftplus", "Relu", "ScaledTanh",
        "Scatter", "ScatterElements", "Selu", "Shrink", "Sigmoid", "Softmax", "Softplus", "Softsign", "Tanh", "TensorScatter",
        "ThresholdedRelu", "Trilu",
    ];
    private static readonly string[] _microsoftInPlace = ["SampleOp", "Trilu"];

    private static readonly Dictionary<(string Domain, string Operator), KernelRule> _rules = Build();

    /// <summary>The rule of a node's kernel.</summary>
    public static KernelRule Find(NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return _rules.GetValueOrDefault((OperatorDomain.Normalize(node.Domain), node.OpType), KernelRule.None);
    }

    /// <summary>Where a node's kernel works in the place of an input if the caller binds the output there; ONNX Runtime itself does so only where <see cref="KernelRule.InPlace"/> says.</summary>
    public static BufferShare[] InPlaceIfBound(NodeProto node) => Find(node).IfBound;

    /// <summary>True for a node that appends to caches, in place if the caller binds both of them so, and leaves what is behind as it is.</summary>
    public static bool AppendsInPlace(NodeProto node) => ReferenceEquals(Find(node), _appendsIfBound);

    /// <summary>True for a node whose kernel adds what it computes to an input, in that input's buffer where it may.</summary>
    public static bool AddsInPlace(NodeProto node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node.Input.Count > 3 && node.Input[3].Length > 0 && ReferenceEquals(Find(node), _addsInPlace);
    }

    private static Dictionary<(string, string), KernelRule> Build()
    {
        Dictionary<(string, string), KernelRule> rules = [];
        void Add(string domain, string[] operators, KernelRule rule)
        {
            foreach (string name in operators)
                rules.Add((domain, name), rule);
        }
        // All that may be the same memory under another shape is.
        foreach (Operator entry in OperatorTable.All.Where(entry => entry.Has(OperatorTraits.SharesFirst)))
            rules.TryAdd((OperatorDomain.Normalize(entry.Domain), entry.Name), _alias);
        Add(OperatorDomain.Onnx, _onnxInPlace, _inPlace);
        Add(OperatorDomain.Microsoft, _microsoftInPlace, _inPlace);
        Add(OperatorDomain.Onnx, ["ScatterND"], _inPlaceIfBound);
        Add(OperatorDomain.Microsoft, ["GroupQueryAttention"], _appendsIfBound);
        // The sum that a fused convolution adds to: Conv(X, W, B) + Z, written over Z. Where ONNX Runtime does not load, the one that this was tested with is meant.
        if (NativeRuntime.Version is not { } version || !Version.TryParse(version.Split('-')[0], out Version? used) || used >= RuntimeRules.SumInPlace.Since)
            Add(OperatorDomain.Microsoft, ["FusedConv"], _addsInPlace);
        Add(OperatorDomain.Nchwc, ["Conv"], _addsInPlace);
        foreach (Operator entry in OperatorTable.All.Where(entry => entry.Has(OperatorTraits.UpdatesStatistics)))
            rules[(OperatorDomain.Normalize(entry.Domain), entry.Name)] = _updatesStatistics;
        return rules;
    }
}
