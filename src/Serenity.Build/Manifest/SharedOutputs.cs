using Serenity.Onnx.Contract;

namespace Serenity.Build.Manifest;

/// <summary>Outputs that the app binds to the buffers of inputs (<c>SharedBuffers</c>), as a manifest has them: in <c>tensors</c>, an output whose <c>aliasOf</c> is an input.</summary>
public static class SharedOutputs
{
    /// <summary>The pairs, in the order of the program; none in an arena, where such a pair has one place in it.</summary>
    /// <param name="executor">Who runs the program.</param>
    /// <param name="program">The program.</param>
    public static IReadOnlyList<(ProgramBuffer Output, ProgramBuffer Input)> Of(Executor executor, ExecutionProgram program)
    {
        ArgumentNullException.ThrowIfNull(program);
        return !executor.Traits().RunsInSession ? []
            : [.. program.Buffers.Where(b => b is { Kind: BufferKind.Output, SharesWith: not null })
                .Select(b => (b, program.Buffers[b.SharesWith!.Value])).Where(pair => pair.Item2.Kind == BufferKind.Input)];
    }
}
