using System.Xml.Linq;

namespace Serenity.Driver;

/// <summary>A test in a TRX file that did not pass, and was not skipped.</summary>
/// <param name="Test">Its class and name, with its arguments.</param>
/// <param name="Message">What it said, one line or more.</param>
internal sealed record TrxFailure(string Test, string Message)
{
    /// <summary>Reads those of a file, in its order.</summary>
    public static IEnumerable<TrxFailure> Read(string file)
    {
        XElement run = XDocument.Load(file).Root!;
        Dictionary<string, string> classes = Elements(run, "UnitTest").ToDictionary(
            test => (string)test.Attribute("id")!, test => (string)Elements(test, "TestMethod").First().Attribute("className")!, StringComparer.Ordinal);
        foreach (XElement result in Elements(run, "UnitTestResult"))
        {
            if ((string?)result.Attribute("outcome") is not ("Failed" or "Error" or "Timeout" or "Aborted"))
                continue;
            string type = classes.GetValueOrDefault((string)result.Attribute("testId")!, "");
            string message = Elements(result, "Message").FirstOrDefault()?.Value ?? "";
            string trace = Elements(result, "StackTrace").FirstOrDefault()?.Value ?? "";
            yield return new TrxFailure($"{type}.{(string?)result.Attribute("testName")}", $"{message}{Environment.NewLine}{trace}".Trim());
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Test}{Environment.NewLine}      {Message.ReplaceLineEndings(Environment.NewLine + "      ")}";

    private static IEnumerable<XElement> Elements(XElement parent, string name) => parent.Descendants().Where(e => e.Name.LocalName == name);
}
