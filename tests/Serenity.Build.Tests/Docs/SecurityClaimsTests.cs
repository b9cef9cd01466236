using System.Text.RegularExpressions;

namespace Serenity.Build.Tests.Docs;

/// <summary>What SECURITY.md claims is held by tests: each claim names those that would fail if it were not so, and they are there.</summary>
[TestClass]
public sealed partial class SecurityClaimsTests
{
    private static readonly Dictionary<string, string[]> _heldBy = new(StringComparer.Ordinal)
    {
        ["Read files."] =
        [
            "ExternalDataTests.Location_outside_the_folder_is_refused", "ExternalDataTests.Link_out_of_the_folder_is_refused_and_one_inside_followed",
            "SpecialFileTests.A_model_that_is_no_regular_file_is_refused", "SpecialFileTests.External_data_that_is_no_regular_file_is_refused_and_not_among_the_inputs",
        ],
        ["Write files."] =
        [
            "BuildTasksTests.A_wrong_value_is_one_clear_error_at_the_model", "HostileNameTests.A_target_path_with_control_characters_is_refused",
            "ExternalDataTests.Failed_write_leaves_the_old_file_and_no_other", "SpecialFileTests.A_pipe_is_not_replaced_by_an_output_and_an_empty_file_is",
        ],
        ["Run code of its own."] =
        [
            "SecurityClaimsTests.No_library_of_custom_operators_is_ever_loaded", "HostileModelTests.Operators_that_onnx_runtime_does_not_have_are_one_error_with_their_names",
            "HostileModelTests.A_model_that_is_not_to_be_verified_is_not_run",
        ],
        ["Break out of what is generated."] =
        [
            "ModelCodeTests.A_name_cannot_break_out_of_its_literal", "ModelCodeTests.Options_that_are_not_ours_are_not_written", "HtmlReportTests.A_hostile_name_stays_text",
            "ReportBrowserTests.A_hostile_name_does_not_run_and_the_policy_is_in_force", "ArenaHeaderTests.Hostile_names_stay_inside_their_comments_and_literals",
        ],
        ["Crash the build."] =
        [
            "OptimizerHostTests.One_process_works_on_all_models_and_the_one_that_kills_it_is_the_only_one_to_fail", "OptimizerHostTests.The_host_ends_with_its_standard_input_and_removes_its_folder",
            "ErrorTests.A_model_that_crashes_onnx_runtime_is_an_error_and_the_others_are_built",
        ],
        ["Forge the log."] = ["HostileNameTests.Names_cannot_forge_lines_of_the_log", "CommandLineTests.Names_from_a_model_cannot_drive_the_terminal"],
        ["Take the machine."] =
        [
            "SizeLimitTests.Messages_are_counted_before_they_are_parsed", "SizeLimitTests.Dimensions_are_counted_before_they_are_parsed", "SizeLimitTests.Functions_that_call_the_next_twice_are_counted_as_inlined",
            "ModelSessionTests.Endless_loop_is_ended_by_the_limit_of_kernels", "ModelSessionTests.Limit_of_bytes_ends_a_run", "NativeHazardsTests.Constants_that_would_fill_memory_are_not_computed_ahead",
            "HostWatchTests.What_is_exceeded_is_said_once", "LimitTests.At_the_state_limit_the_bound_is_honest_and_the_result_the_same",
        ],
        ["Phone home."] = ["FuzzedModelTests.Onnx_runtime_reports_nothing_to_its_maker"],
        ["The plan cache"] =
        [
            "PlanCacheTests.An_entry_that_somebody_else_signed_is_not_trusted_and_is_replaced", "PlanCacheTests.Without_a_secret_nothing_is_found_or_kept",
            "PlanCacheTests.Values_that_no_plan_has_are_not_taken_even_if_signed", "PlanCacheTests.A_users_secret_is_made_once_and_is_theirs_alone",
        ],
        ["Supply chain"] = ["SecurityClaimsTests.Versions_are_exact_and_what_is_restored_is_pinned_by_its_hash", "PackageTests.The_bill_of_materials_has_every_file_and_what_it_is_made_of"],
    };

    private static readonly string _page = Path.Combine(Repository.Root, "SECURITY.md");

    [TestMethod]
    public void Every_claim_has_tests_and_they_are_there()
    {
        string[] claims = [.. Claim().Matches(File.ReadAllText(_page)).Select(m => m.Groups[1].Value), "The plan cache", "Supply chain"];
        CollectionAssert.AreEquivalent(claims, _heldBy.Keys, "A claim of SECURITY.md has no tests here, or one is gone.");
        Dictionary<string, string> texts = Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)
            .ToDictionary(file => Path.GetFileNameWithoutExtension(file) + "|" + file, File.ReadAllText, StringComparer.Ordinal);
        foreach (string test in _heldBy.Values.SelectMany(tests => tests))
        {
            string[] name = test.Split('.');
            Assert.IsTrue(
                texts.Any(file => file.Key.StartsWith(name[0] + "|", StringComparison.Ordinal) && Regex.IsMatch(file.Value, $@"^    public (async )?(void|Task) {name[1]}\(", RegexOptions.Multiline)),
                $"There is no test {test}.");
        }
    }

    [TestMethod]
    public void No_library_of_custom_operators_is_ever_loaded()
    {
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories))
            Assert.DoesNotContain("RegisterCustomOp", File.ReadAllText(file), file);
    }

    [TestMethod]
    public void Versions_are_exact_and_what_is_restored_is_pinned_by_its_hash()
    {
        foreach (Match version in Version().Matches(File.ReadAllText(Path.Combine(Repository.Root, "Directory.Packages.props"))))
            Assert.MatchesRegex(@"^(\d+(\.\d+)+|\$\(OnnxRuntimeVersion\))$", version.Groups[1].Value);
        Assert.Contains("<CentralPackageTransitivePinningEnabled>true<", File.ReadAllText(Path.Combine(Repository.Root, "Directory.Packages.props")));
        string every = File.ReadAllText(Path.Combine(Repository.Root, "Directory.Build.props"));
        Assert.Contains("<RestorePackagesWithLockFile ", File.ReadAllText(Path.Combine(Repository.Root, "src", "Directory.Build.props")));
        Assert.Contains("<NuGetAuditMode>all<", every);
        Assert.DoesNotContain("<NuGetAudit>false<", every);
        foreach (string project in Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories))
        {
            string restored = File.ReadAllText(Path.Combine(Path.GetDirectoryName(project)!, "packages.lock.json"));
            Assert.AreEqual(Regex.Count(restored, "\"resolved\":"), Regex.Count(restored, "\"contentHash\":"), project);
        }
    }

    [GeneratedRegex(@"^- \*\*([^*]+)\*\*", RegexOptions.Multiline)]
    private static partial Regex Claim();

    [GeneratedRegex(@"<PackageVersion [^>]*Version=""([^""]*)""")]
    private static partial Regex Version();
}
