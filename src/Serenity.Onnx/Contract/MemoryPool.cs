namespace Serenity.Onnx.Contract;

/// <summary>What memory is for. A pool is a member here, a line in <see cref="MemoryPools"/>, and whoever fills it.</summary>
public enum MemoryPool
{
    /// <summary>Tensors between nodes, and outputs; in an arena inputs too.</summary>
    Activations,

    /// <summary>What kernels take for themselves while they run.</summary>
    Workspace,

    /// <summary>Graph inputs, where they are the caller's own.</summary>
    Inputs,

    /// <summary>Initializers and constants.</summary>
    Weights,

    /// <summary>Weights that kernels keep a second time, laid out as they like them.</summary>
    PrepackedWeights,

    /// <summary>What a session holds besides: graph, kernels, plans of its own.</summary>
    Session,

    /// <summary>The runtime itself: its code and data, whatever the model.</summary>
    Library,

    /// <summary>What is held only while a model is loaded, on top of all else.</summary>
    Loading,

    /// <summary>What the C library keeps of blocks that runs gave back, where it serves them: at most, and in no sum.</summary>
    HeapGaps,
}
