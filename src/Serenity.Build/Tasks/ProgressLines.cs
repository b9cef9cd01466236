using Serenity.Build.Items;
using Serenity.Build.Output;
using Serenity.Build.Text;
using Serenity.Onnx.Contract;

namespace Serenity.Build.Tasks;

/// <summary>What a build says of models that take long: a line when one has taken a while, one for each stage after it, and one a minute.</summary>
/// <param name="progress">How far the models are.</param>
internal sealed class ProgressLines(ModelProgress progress)
{
    /// <summary>How long nothing is said of a model.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan _again = TimeSpan.FromMinutes(1);

    private readonly object _gate = new();
    private readonly List<Waited> _models = [];

    private sealed record Waited(ModelItem Model, TimeSpan Since)
    {
        public PipelineStage? Told { get; set; }

        public TimeSpan ToldAt { get; set; }
    }

    /// <summary>A model is begun.</summary>
    /// <param name="model">The model.</param>
    /// <param name="now">The time, from any beginning.</param>
    public void Begin(ModelItem model, TimeSpan now)
    {
        lock (_gate)
            _models.Add(new Waited(model, now));
    }

    /// <summary>A model is done.</summary>
    public void End(ModelItem model)
    {
        lock (_gate)
            _models.RemoveAll(waited => waited.Model.ModelPath == model.ModelPath);
    }

    /// <summary>The lines that are due.</summary>
    /// <param name="now">The time, from the same beginning.</param>
    public IReadOnlyList<string> Due(TimeSpan now)
    {
        List<string> lines = [];
        lock (_gate)
        {
            foreach (Waited waited in _models)
            {
                PipelineStage stage = progress.Of(waited.Model);
                if (now - waited.Since < Quiet || (waited.Told == stage && now - waited.ToldAt < _again))
                    continue;
                string still = waited.Told == stage ? "still " : "";
                (waited.Told, waited.ToldAt) = (stage, now);
                lines.Add($"{ModelText.Clean(waited.Model.Name)}: {still}{StageText.Of(stage)}");
            }
        }
        return lines;
    }
}
