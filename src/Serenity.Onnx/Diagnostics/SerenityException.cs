namespace Serenity.Onnx.Diagnostics;

/// <summary>Ends the work on one model with one clear error. The only exception that a stage may let out, besides cancellation.</summary>
public sealed class SerenityException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="code">A code of <see cref="SerenityCodes"/>.</param>
    /// <param name="file">The file it is about, or null.</param>
    /// <param name="message">What happened, why, and what to do.</param>
    /// <param name="inner">What caused it; never shown to the user.</param>
    public SerenityException(string code, string? file, string message, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        File = file;
    }

    /// <summary>Creates the error from a text that may name settings.</summary>
    /// <param name="code">A code of <see cref="SerenityCodes"/>.</param>
    /// <param name="file">The file it is about, or null.</param>
    /// <param name="message">What happened, why, and what to do.</param>
    /// <param name="inner">What caused it; never shown to the user.</param>
    public SerenityException(string code, string? file, MessageText message, Exception? inner = null)
        : this(code, file, (message ?? throw new ArgumentNullException(nameof(message))).ToString(), inner)
    {
        Settings = message.Settings;
    }

    /// <summary>SER and four digits.</summary>
    public string Code { get; }

    /// <summary>The file it is about, or null.</summary>
    public string? File { get; }

    /// <summary>The settings that the message names; null for none.</summary>
    public IReadOnlyList<AdvisedSetting>? Settings { get; init; }

    /// <summary>What happened alone, a full sentence, for whoever goes another way then; the whole message where it was not said apart.</summary>
    public string WhatHappened
    {
        get => field ?? Message;
        init;
    }

    /// <summary>Values of the source model that show it, where some do; what made them is at fault.</summary>
    internal IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>The same as a diagnostic.</summary>
    public SerenityDiagnostic ToDiagnostic() => new(Code, DiagnosticSeverity.Error, File, Message, Settings);
}
