using Serenity.Build.Checks;
using Serenity.Build.Items;
using Serenity.Build.Options;
using Serenity.Onnx.Diagnostics;

namespace Serenity.Build.Output;

/// <summary>The baselines of a project: read once each, and written at the end where they are to be updated.</summary>
/// <param name="variant">What tells this build of the models from others of the same project; empty for the only one.</param>
/// <param name="update">True to take in what the models need, instead of holding them to it.</param>
internal sealed class BaselineChecks(string variant, bool update)
{
    private const string Command = "'dotnet build -p:SerenityUpdateBaseline=true'";

    private readonly Dictionary<string, (Baseline? File, SerenityDiagnostic? Problem)> _baselines = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<(ModelItem Model, long Bytes)>> _updates = new(StringComparer.Ordinal);

    /// <summary>Holds a model to its baseline, or notes what it needs.</summary>
    /// <param name="model">The model.</param>
    /// <param name="neededBytes">What it needs.</param>
    /// <param name="told">Where to say what there is to say.</param>
    /// <returns>Its figure in the baseline; null if there is none.</returns>
    public long? Check(ModelItem model, long neededBytes, List<SerenityDiagnostic> told)
    {
        if (model.BaselinePath is not { } path)
            return null;
        if (update)
        {
            if (!_updates.TryGetValue(path, out List<(ModelItem, long)>? models))
                _updates[path] = models = [];
            models.Add((model, neededBytes));
            return neededBytes;
        }
        if (!_baselines.TryGetValue(path, out (Baseline? File, SerenityDiagnostic? Problem) known))
            _baselines[path] = known = Read(path);
        if (known.File is not { } baseline)
        {
            told.Add(known.Problem! with { File = model.Name });
            return null;
        }
        string name = KeyOf(model).NameIn(baseline);
        if (baseline.Check(name, neededBytes, model.Options.Get(ModelOptions.BaselineTolerance), model.Name, Command) is { } diagnostic)
            told.Add(diagnostic);
        return baseline.Find(name);
    }

    /// <summary>Writes the baselines that are to be updated.</summary>
    /// <param name="changed">Told the path of each that is another now.</param>
    /// <exception cref="SerenityException">SER1004, SER1601: one cannot be read or written.</exception>
    public void Write(Action<string> changed)
    {
        foreach ((string path, List<(ModelItem Model, long Bytes)> models) in _updates)
        {
            if (Baseline.Update(path, baseline => models.Select(m => KeyValuePair.Create(KeyOf(m.Model).NameIn(baseline), m.Bytes))))
                changed(path);
        }
    }

    /// <summary>What the model goes by in a baseline.</summary>
    public BaselineKey KeyOf(ModelItem model) =>
        new(model.SourcePath, string.Join(", ", new[] { variant, model.Twin.Length == 0 ? "" : $"as {model.Twin}", model.Sizes }.Where(part => part.Length > 0)));

    private static (Baseline?, SerenityDiagnostic?) Read(string path)
    {
        try
        {
            return (Baseline.Read(path, Command), null);
        }
        catch (SerenityException problem)
        {
            return (null, problem.ToDiagnostic());
        }
    }
}
