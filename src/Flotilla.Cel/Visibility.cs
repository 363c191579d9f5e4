using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Flotilla.Cel.Tests")]
