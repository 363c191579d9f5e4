using System.Globalization;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Dockerfiles;
using Flotilla.Engine.Images;
using Flotilla.Engine.Images.Making;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Building;

/// <summary>
/// One build: step after step, each of which makes an image from the one before it. What a step does and what the image before it is decide whether an
/// earlier build has done it already.
/// </summary>
internal sealed class BuildRun
{
    private readonly ImageBuilder builder;
    private readonly BuildOptions options;
    private readonly BuildPlan plan;
    private readonly BuildContext context;
    private readonly BaseImages bases;
    private readonly BuildOutput output;
    private readonly Lease lease;
    private readonly LayerMaker layers;
    private readonly CommandRun commands;
    private readonly BuildArguments arguments;
    private readonly List<ImageContent?> done = [];
    private int step;

    public BuildRun(ImageBuilder builder, BuildOptions options, BuildPlan plan, BuildContext context, BaseImages bases, BuildOutput output, Lease lease)
    {
        (this.builder, this.options, this.plan, this.context, this.bases, this.output, this.lease) = (builder, options, plan, context, bases, output, lease);
        layers = new LayerMaker(lease, builder.Options);
        commands = new CommandRun(builder.Creation, builder.Life, options, output);
        arguments = new BuildArguments(options.Arguments);
    }

    /// <returns>The image of the last stage.</returns>
    /// <exception cref="DockerfileException">A step cannot be done.</exception>
    /// <exception cref="CommandFailedException">A command has failed.</exception>
    public async Task<ImageContent> RunAsync(CancellationToken cancellationToken)
    {
        foreach (var argument in plan.Arguments)
        {
            await AnnounceAsync(argument);
            arguments.Declare(argument, GlobalWords, isGlobal: true);
        }

        foreach (var stage in plan.Stages)
        {
            done.Add(await StageAsync(stage, cancellationToken));
        }

        await builder.Cache.TrimAsync(cancellationToken);
        if (arguments.Unused.ToList() is { Count: > 0 } unused)
        {
            await output.TextAsync($"[Warning] One or more build-args [{string.Join(' ', unused)}] were not consumed\n");
        }

        return done[^1] ?? throw plan.Stages[^1].From.Wrong("No image was generated. Is your Dockerfile empty? Copy something into it");
    }

    private ShellWords GlobalWords => new(plan.Escape, arguments.Global);

    private async Task<ImageContent?> StageAsync(BuildStage stage, CancellationToken cancellationToken)
    {
        await AnnounceAsync(stage.From);
        arguments.BeginStage();
        var name = stage.From.Resolve(GlobalWords, stage.Base);
        if (name.Length == 0)
        {
            throw stage.From.Wrong($"base name ({stage.Base}) should not be blank; give its ARG a default, or a value with --build-arg");
        }

        var state = new StageState(await BaseAsync(stage.From, name, cancellationToken), plan.Escape, arguments).Begin();
        await output.TextAsync($" ---> {Short(state.ImageId)}\n");
        await TriggersAsync(state, stage, name, cancellationToken);
        foreach (var instruction in stage.Instructions)
        {
            await AnnounceAsync(instruction);
            await StepAsync(state, instruction, cancellationToken);
        }

        return state.Image;
    }

    // What the image below has kept for those above it, which do not hand it on.
    private async Task TriggersAsync(StageState state, BuildStage stage, string name, CancellationToken cancellationToken)
    {
        var triggers = (state.Settings.Array("OnBuild") ?? []).Select(trigger => trigger.AsString() ?? "").ToList();
        state.Settings.Remove("OnBuild");
        if (triggers.Count > 0)
        {
            await output.TextAsync($"# Executing {triggers.Count} build trigger{(triggers.Count > 1 ? "s" : "")}\n");
        }

        foreach (var trigger in triggers)
        {
            try
            {
                await StepAsync(state, OnBuildInstruction.Parse(trigger, stage.From.Line), cancellationToken);
            }
            catch (DockerfileException wrong)
            {
                throw stage.From.Wrong($"{name} says ONBUILD {trigger}: {wrong.Message}");
            }
        }
    }

    private async Task<ImageContent?> BaseAsync(Instruction from, string name, CancellationToken cancellationToken)
    {
        if (name == "scratch")
        {
            return null;
        }

        // A number is an image's name here.
        if (BuildPlan.FindNamed([.. plan.Stages.Take(done.Count)], name) is { } earlier)
        {
            return done[earlier];
        }

        return await ImageAsync(from, name, cancellationToken);
    }

    private async Task<ImageContent> ImageAsync(Instruction instruction, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await bases.FindAsync(name, cancellationToken);
        }
        catch (DockerException refused)
        {
            throw instruction.Wrong($"{refused.Message}; load the image {name} first ('docker load', 'docker import'), or check its name");
        }
    }

    private Task StepAsync(StageState state, Instruction instruction, CancellationToken cancellationToken) => instruction.Keyword switch
    {
        "RUN" => CommandAsync(state, instruction, cancellationToken),
        "COPY" or "ADD" => CopyAsync(state, instruction, cancellationToken),
        "WORKDIR" => DirectoryAsync(state, instruction, cancellationToken),
        "ARG" => SettingAsync(state, instruction, Declare(state, instruction), cancellationToken),
        "MAINTAINER" => MaintainerAsync(state, instruction, cancellationToken),
        _ => SettingAsync(state, instruction, state.Instructions.Apply(instruction), cancellationToken),
    };

    private string Declare(StageState state, Instruction instruction)
    {
        try
        {
            return arguments.Declare(instruction, state.Words, isGlobal: false);
        }
        catch (FormatException wrong)
        {
            throw instruction.Wrong($"ARG: {wrong.Message}");
        }
    }

    private Task SettingAsync(StageState state, Instruction instruction, string said, CancellationToken cancellationToken) =>
        ReachAsync(state, said + "\n" + instruction.Original, Shown(state, said), null, "", cancellationToken);

    private Task MaintainerAsync(StageState state, Instruction instruction, CancellationToken cancellationToken)
    {
        var said = "MAINTAINER " + instruction.Rest;
        return ReachAsync(state, said, Shown(state, said), null, instruction.Rest, cancellationToken);
    }

    private async Task CommandAsync(StageState state, Instruction instruction, CancellationToken cancellationToken)
    {
        var run = RunInstruction.Of(instruction, state.Words, state.Instructions.Shell, state.Settings.String("WorkingDir") ?? "");
        List<RunMountSource> sources = [];
        foreach (var mount in run.Mounts)
        {
            sources.Add(await SourceAsync(run, mount, cancellationToken));
        }

        var (counting, others) = arguments.ForCommands(state.Environment);
        var said = (counting.Count > 0 ? $"|{counting.Count} {string.Join(' ', counting)} " : "") + string.Join(' ', run.Command);
        var what = string.Join('\n', [$"RUN {said}", .. run.Network.Length > 0 ? [run.Network] : Array.Empty<string>(), .. sources.Select(source => source.ToString()), .. run.Script.Text is { } script ? [script] : Array.Empty<string>()]);
        await ReachAsync(state, what, said, MakeAsync, "", cancellationToken);

        async Task<Layer?> MakeAsync()
        {
            var image = state.Image ?? await EmptyAsync(state, cancellationToken);
            await using var mounts = await RunMounts.OpenAsync(builder, layers, context.Root, run, sources, cancellationToken);
            return await commands.RunAsync(
                image, run.Command, [.. counting, .. others], mounts, run.Network, container => layers.OfContainerAsync(container, state.Draft.ChainId, [.. run.Mounts.Select(mount => mount.Target)], cancellationToken), cancellationToken);
        }
    }

    private async Task<RunMountSource> SourceAsync(RunInstruction run, RunMount mount, CancellationToken cancellationToken)
    {
        if (mount.From.Length > 0)
        {
            var chain = (await StageOrImageAsync(run.Instruction, mount.From, cancellationToken))?.ChainId ?? "";
            return new RunMountSource(mount, chain, chain);
        }

        return new RunMountSource(mount, null, mount.Kind == RunMountKind.Bind ? await CopySources.DigestAsync(RunMounts.InContext(run, mount, context.Root), cancellationToken) : "");
    }

    /// <returns>null: a stage without files.</returns>
    private async Task<ImageContent?> StageOrImageAsync(Instruction instruction, string name, CancellationToken cancellationToken) =>
        BuildPlan.Find([.. plan.Stages.Take(done.Count)], name) is { } stage ? done[stage] : await ImageAsync(instruction, name, cancellationToken);

    // A command on nothing has nothing to run, but the runtime says that best.
    private Task<ImageContent> EmptyAsync(StageState state, CancellationToken cancellationToken) => builder.Maker.PutAsync(lease, state.Draft, [], cancellationToken);

    private async Task CopyAsync(StageState state, Instruction instruction, CancellationToken cancellationToken)
    {
        var copy = CopyInstruction.Of(instruction, state.Words, (string?)state.Settings["WorkingDir"] ?? "");
        if (copy.From.Length == 0)
        {
            await CopyAsync(state, copy, context.Root, cancellationToken);
            return;
        }

        var source = await StageOrImageAsync(instruction, copy.From, cancellationToken);
        var (key, files) = await layers.ViewAsync(source?.ChainId ?? "", cancellationToken);
        try
        {
            await CopyAsync(state, copy, files.Root, cancellationToken);
        }
        finally
        {
            files.Dispose();
            await layers.RemoveAsync(key);
        }
    }

    private async Task CopyAsync(StageState state, CopyInstruction copy, string root, CancellationToken cancellationToken)
    {
        using var gathered = await GatheredFiles.OfAsync(copy, builder.Options.BuildDirectory, cancellationToken);
        var sources = CopySources.Find(copy, root, gathered.All);
        var kind = sources.All.Count > 1 ? "multi" : Directory.Exists(sources.All[0].Path) ? "dir" : "file";
        var digest = await sources.DigestAsync(copy.From.Length > 0, cancellationToken);
        var flags = string.Concat(copy.Instruction.Flags.Where(flag => flag.StartsWith("--ch", StringComparison.Ordinal)).Select(flag => flag + " "));
        var said = $"{copy.Instruction.Keyword} {flags}{kind}:{digest} in {copy.Destination} ";
        await ReachAsync(state, $"{said}{copy.Owner} {copy.Mode} {copy.Unpacks} {string.Join(' ', sources.All.Select(source => source.Name))}", Shown(state, said), () => ChangedAsync(state, files => new FileCopy(copy, files).RunAsync(sources, cancellationToken), cancellationToken), "", cancellationToken);
    }

    private Task DirectoryAsync(StageState state, Instruction instruction, CancellationToken cancellationToken)
    {
        var said = state.Instructions.Apply(instruction);
        var path = (string)state.Settings["WorkingDir"]!;
        return ReachAsync(state, said, Shown(state, said), MakeAsync, "", cancellationToken);

        async Task<Layer?> MakeAsync()
        {
            if (state.Image is { ChainId.Length: > 0 } && await IsThereAsync(state.Draft.ChainId, path, cancellationToken))
            {
                return null;
            }

            return await ChangedAsync(state, files =>
            {
                FileCopy.MakeDirectory(files.Root, ScopedPath.Resolve(files.Root, path), 0, 0);
                return Task.CompletedTask;
            }, cancellationToken);
        }
    }

    private async Task<bool> IsThereAsync(string chain, string path, CancellationToken cancellationToken)
    {
        var (key, files) = await layers.ViewAsync(chain, cancellationToken);
        try
        {
            return Directory.Exists(ScopedPath.Resolve(files.Root, path));
        }
        finally
        {
            files.Dispose();
            await layers.RemoveAsync(key);
        }
    }

    private async Task<Layer?> ChangedAsync(StageState state, Func<MountedFiles, Task> changeAsync, CancellationToken cancellationToken)
    {
        var key = await layers.PrepareAsync(state.Draft.ChainId, cancellationToken);
        try
        {
            using (var files = await layers.MountAsync(key, cancellationToken))
            {
                await changeAsync(files);
            }

            return await layers.OfFilesAsync(key, state.Draft.ChainId, cancellationToken);
        }
        catch
        {
            await layers.RemoveAsync(key);
            throw;
        }
    }

    /// <param name="what">All that the step's result depends on beside the image before it.</param>
    /// <param name="said">For the history.</param>
    /// <param name="makeAsync">Makes its layer; null: it changes no files.</param>
    private async Task ReachAsync(StageState state, string what, string said, Func<Task<Layer?>>? makeAsync, string author, CancellationToken cancellationToken)
    {
        var key = BuildCache.KeyOf(state.ImageId, what);
        if (options.UsesCache && state.MayBeKnown && await builder.Cache.FindAsync(key, cancellationToken) is { } known)
        {
            await output.TextAsync(" ---> Using cache\n");
            state.Reach(known, isKnown: true);
        }
        else
        {
            var layer = makeAsync is null ? null : await makeAsync();
            var draft = state.Draft.With(state.Settings, new HistoryStep(builder.Time.GetUtcNow().UtcDateTime, said, Author: author), layer);
            var made = await builder.Maker.PutAsync(lease, draft, BuildCache.Labels, cancellationToken);
            await builder.Cache.PutAsync(key, made, cancellationToken);
            state.Reach(made, isKnown: false);
        }

        await output.TextAsync($" ---> {Short(state.ImageId)}\n");
    }

    private Task AnnounceAsync(Instruction instruction) => output.TextAsync(string.Create(CultureInfo.InvariantCulture, $"Step {++step}/{plan.Steps} : {instruction.Original}\n"));

    private static string Shown(StageState state, string said) => $"{string.Join(' ', state.Instructions.Shell)} #(nop)  {said}";

    private static string Short(string id) => id.Length == 0 ? "" : id["sha256:".Length..][..12];
}
