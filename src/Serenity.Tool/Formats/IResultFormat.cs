namespace Serenity.Tool.Formats;

/// <summary>A form in which results are written.</summary>
internal interface IResultFormat
{
    /// <summary>Writes results.</summary>
    void Write(TextWriter output, ResultSet set);
}
