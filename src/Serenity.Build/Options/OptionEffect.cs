namespace Serenity.Build.Options;

/// <summary>What an option shapes, and so what is made or judged anew when it changes.</summary>
public enum OptionEffect
{
    /// <summary>The optimized model and its figures: part of the plan cache's key and of the manifest's <c>options</c>.</summary>
    Result,

    /// <summary>Which of a model's plans is taken; each plan stays as it is.</summary>
    Choice,

    /// <summary>The verdict on the figures.</summary>
    Check,

    /// <summary>Which files are written beside the model, and where they go.</summary>
    Files,

    /// <summary>The code that is generated for the project.</summary>
    Code,
}
