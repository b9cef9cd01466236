using Serenity.Onnx.Contract;
using Serenity.Onnx.Diagnostics;
using Serenity.Onnx.Operators;
using Serenity.Onnx.Operators.Table;
using Serenity.Onnx.Runtime;
using Serenity.Onnx.Schema;
using Serenity.Onnx.Verification;
using Serenity.Onnx.Verification.Inputs;

namespace Serenity.Onnx.Executors.StaticArena.Execution;

/// <summary>Verification of a StaticArena plan: a run in the arena on seeded inputs. Where sizes depend on data, one on inputs that come near the bounds, and others on which there is less.</summary>
internal static class ArenaProof
{
    /// <summary>Bytes that a run may compare; above, the proof would take longer than a build should (about a second per 4 GB).</summary>
    public const long MostBytes = 32_000_000_000;

    /// <summary>Nodes that a run may have; each is loaded on its own, about a millisecond.</summary>
    public const int MostNodes = 5_000;

    /// <summary>Runs a plan in its arena.</summary>
    /// <param name="model">The model as it is written.</param>
    /// <param name="program">Schedule, offsets and arena size.</param>
    /// <param name="near">Inputs on which its sizes come near their bounds; null where none depends on data.</param>
    /// <param name="externalFolder">Absolute path of the folder of its external data, or null.</param>
    /// <param name="file">The file as the user named it, for messages.</param>
    /// <param name="source">The source's graph, and the shapes that were planned with: an input that sizes follow from gets the value that gives these. Null to leave it to chance.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>Why the plan was not run, in a sentence; null if it was run and holds.</returns>
    /// <exception cref="SerenityException"><see cref="SerenityCodes.InternalCheckFailed"/>: the plan does not hold.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static string? Run(
        ModelProto model, ArenaProgram program, IReadOnlyList<KeyValuePair<string, RuntimeValue>>? near, string? externalFolder, string? file,
        (GraphProto Graph, ShapeTable Shapes)? source = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(program);
        if (program.Program.Steps.Count > MostNodes || program.ArenaBytes * (double)program.Program.Steps.Count > MostBytes)
            return "The plan was not run in its arena, since that would take too long for a build.";
        if (RandomOperators.Find(model) is { } random)
            return $"The plan was not run in its arena, since node '{random.Name}' ({random.OpType}) gives random values.";
        try
        {
            using ModelSession session = ModelSession.Load(RunnableModel.Of(model, externalFolder, file));
            SeededInputs inputs = new(source?.Graph ?? model.Graph, session.Inputs, source?.Shapes);
            if (inputs.Unsupported is { } input)
                return $"The plan was not run in its arena, since no value can be made up for input '{input}'.";
            bool isRun = false;
            foreach (IReadOnlyList<KeyValuePair<string, RuntimeValue>> values in Cases(inputs, near))
            {
                using ArenaRunner? runner = Create(model, values, isFirst: !isRun && near is null, externalFolder, cancellation);
                if (runner is null)
                    continue;
                ArenaRun run = runner.Run(program, cancellation);
                if (!run.Passed)
                {
                    throw new SerenityException(SerenityCodes.InternalCheckFailed, file,
                        $"The arena plan does not hold when it is run. {run.Fault} This is a fault of Serenity.Build: please report it with the model. Until it is mended, use {ModelSetting.Executor.Of("OnnxRuntime")}.");
                }
                isRun = true;
            }
            return isRun ? null : "The plan was not run in its arena, since the model runs on none of the inputs made up for it.";
        }
        catch (RunLimitException)
        {
            return "The plan was not run in its arena, since a run that keeps every value needs more memory than verification may use.";
        }
        catch (SerenityException e) when (e.Code == SerenityCodes.RuntimeRefuses)
        {
            return "The plan was not run in its arena, since ONNX Runtime does not run every node of the model on its own or on inputs made up for it.";
        }
    }

    private static IEnumerable<IReadOnlyList<KeyValuePair<string, RuntimeValue>>> Cases(SeededInputs inputs, IReadOnlyList<KeyValuePair<string, RuntimeValue>>? near)
    {
        if (near is not null)
            yield return near;
        yield return inputs.Create(InputCase.Uniform);
        if (near is not null)
            yield return inputs.Create(InputCase.Zeros);
    }

    /// <summary>The runner for some inputs; null for one of several on which the model does not run.</summary>
    private static ArenaRunner? Create(ModelProto model, IReadOnlyList<KeyValuePair<string, RuntimeValue>> inputs, bool isFirst, string? externalFolder, CancellationToken cancellation)
    {
        try
        {
            return ArenaRunner.Create(model, inputs, externalFolder, cancellation);
        }
        catch (SerenityException e) when (e.Code == SerenityCodes.RuntimeRefuses && !isFirst)
        {
            return null;
        }
    }
}
